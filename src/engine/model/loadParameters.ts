// Parameters from the checkpoint onto the device, in pieces: the host never holds a whole large table.
import type { Backend } from '../compute/backend.ts'
import { rows, type Tensor } from '../compute/tensor.ts'
import type { Parameter } from '../../shared/families/parameters.ts'
import type { Model } from './model.ts'
import type { RowRange } from './module.ts'
import { readInOrder } from './readInOrder.ts'
import { allocateWeight, hostBytes, placeWeight, readWeight, type LoadAs } from './weightIo.ts'

/** Most bytes of one read; a few are under way at once. */
const defaultPieceBytes = 32 * 2 ** 20

interface Piece {
  readonly parameter: Parameter
  readonly range: RowRange
}

/** Loads parameters by name; on an error nothing stays allocated. */
export async function loadParameters(
  backend: Backend,
  model: Model,
  parameters: readonly Parameter[],
  as: LoadAs,
  pieceBytes = defaultPieceBytes,
): Promise<Map<string, Tensor>> {
  const tensors = new Map<string, Tensor>()
  const pieces = parameters.flatMap((parameter) => piecesOf(model, parameter, pieceBytes))
  const read = async ({ parameter, range }: Piece) => ({ range, host: await readWeight(model, parameter, range) })
  try {
    for await (const { range, host } of readInOrder(pieces, read)) {
      const { parameter } = host
      const tensor = tensors.get(parameter.name) ?? allocateWeight(backend, model, parameter, as)
      tensors.set(parameter.name, tensor)
      placeWeight(backend, rows(tensor, range.start, range.end), host)
      await backend.written?.()
    }
    return tensors
  } catch (error) {
    for (const tensor of tensors.values()) backend.release(tensor)
    throw error
  }
}

/** Row ranges of a parameter; one that is transposed while it is read is a single range. */
function piecesOf(model: Model, parameter: Parameter, pieceBytes: number): Piece[] {
  const numRows = parameter.shape[0]
  const rowBytes = hostBytes(model, parameter) / numRows
  const step = parameter.transposed ? numRows : Math.max(1, Math.floor(pieceBytes / rowBytes))
  return Array.from({ length: Math.ceil(numRows / step) }, (_, i) => {
    return { parameter, range: { start: i * step, end: Math.min((i + 1) * step, numRows) } }
  })
}
