// Parameters from the checkpoint onto the device, in pieces: the host never holds a whole large table.
import type { Backend } from '../compute/backend.ts'
import { rows, type Tensor } from '../compute/tensor.ts'
import type { Parameter } from '../../catalog/families/parameters.ts'
import type { Model } from './model.ts'
import type { RowRange } from './module.ts'
import { readInOrder } from './readInOrder.ts'
import { rangesOf } from './table.ts'
import { allocateWeight, hostBytes, placeWeight, readWeight, type LoadAs } from './weightIo.ts'

/** Most bytes of one read; a few are under way at once. */
const defaultPieceBytes = 32 * 2 ** 20

/** Rows of a parameter that have a tensor of their own. */
export interface Part {
  readonly parameter: Parameter
  readonly range: RowRange
}

interface Piece extends Part {
  /** Index of the part that it is of. */
  readonly part: number
}

/** Loads parameters whole, by name; on an error nothing stays allocated. */
export async function loadParameters(
  backend: Backend,
  model: Model,
  parameters: readonly Parameter[],
  as: LoadAs,
  pieceBytes = defaultPieceBytes,
): Promise<Map<string, Tensor>> {
  const parts = parameters.map((parameter) => ({ parameter, range: { start: 0, end: parameter.shape[0] } }))
  const tensors = await loadParts(backend, model, parts, as, pieceBytes)
  return new Map(parameters.map(({ name }, i) => [name, tensors[i]]))
}

/** The tensor of each part; on an error nothing stays allocated. */
export async function loadParts(
  backend: Backend,
  model: Model,
  parts: readonly Part[],
  as: LoadAs,
  pieceBytes = defaultPieceBytes,
): Promise<Tensor[]> {
  const tensors: Tensor[] = []
  const pieces = parts.flatMap((part, i) => piecesOf(model, part, i, pieceBytes))
  const read = async (piece: Piece) => ({ piece, host: await readWeight(model, piece.parameter, piece.range) })
  try {
    for await (const { piece, host } of readInOrder(pieces, read)) {
      const { parameter, range } = parts[piece.part]
      const shape = [range.end - range.start, ...parameter.shape.slice(1)]
      const tensor = (tensors[piece.part] ??= allocateWeight(backend, model, { ...parameter, shape }, as))
      placeWeight(backend, rows(tensor, piece.range.start - range.start, piece.range.end - range.start), host)
      await backend.written?.()
    }
    return tensors
  } catch (error) {
    for (const tensor of tensors) backend.release(tensor)
    throw error
  }
}

/** Row ranges of a part; a parameter that is transposed while it is read is a single range. */
function piecesOf(model: Model, { parameter, range }: Part, part: number, pieceBytes: number): Piece[] {
  const numRows = range.end - range.start
  const rowBytes = hostBytes(model, parameter) / parameter.shape[0]
  const step = parameter.transposed ? numRows : Math.max(1, Math.floor(pieceBytes / rowBytes))
  return rangesOf(numRows, step).map(({ start, end }) => {
    return { parameter, part, range: { start: range.start + start, end: range.start + end } }
  })
}
