// Reads what one GGUF file holds, in the form of a safetensors header; and numbers of its quantised tensors as F32.
import { elementsOf } from '../../../catalog/formats/dtypes.ts'
import { isWidened } from '../../../catalog/formats/gguf/ggmlTypes.ts'
import { readGgufHeader, type GgufTensor } from '../../../catalog/formats/gguf/ggufHeader.ts'
import type { SafetensorsHeader, UnknownTensor } from '../../../catalog/formats/safetensorsHeader.ts'
import type { PlacedTensor, QuantisedPlace } from '../fileHeader.ts'
import type { WeightFiles } from '../weightFiles.ts'
import { widen } from './widen.ts'

export interface GgufFileHeader extends Omit<SafetensorsHeader, 'tensors'> {
  readonly tensors: readonly PlacedTensor[]
  readonly dataStart: number
}

/** @throws FormatError: what is wrong, and how to mend it. */
export async function readGgufFile(pool: WeightFiles, path: string, fileBytes: number): Promise<GgufFileHeader> {
  const source = { size: fileBytes, read: (start: number, target: Uint8Array) => pool.read(path, start, target) }
  const { tensors, metadata, dataStart } = await readGgufHeader(source)
  const known: PlacedTensor[] = []
  const unknown: UnknownTensor[] = []
  for (const tensor of tensors) {
    const placed = placedOf(tensor)
    if (placed) known.push(placed)
    else {
      const { name, typeName: dtype, shape, start, end } = tensor
      unknown.push({ name, dtype, shape, start, end })
    }
  }
  return { tensors: known, unknown, metadata, dataStart }
}

/** null for types whose numbers are not read here. */
function placedOf({ name, type, shape, start, end }: GgufTensor): PlacedTensor | null {
  if (type?.plain) return { name, dtype: type.plain, shape, start, end }
  if (!type || !isWidened(type.name)) return null
  const quantised = { type: type.name, block: type.block, blockBytes: type.bytes, bytes: end - start }
  return { name, dtype: 'F32', shape, start, end: start + 4 * (elementsOf(shape) ?? 0), quantised }
}

/** Elements widened at a time. */
const pieceElements = 2 ** 20

/** Fills `target` with the bytes from `from` on that the tensor would have as F32; its blocks begin at byte `start` of the file. */
export async function readQuantised(
  pool: WeightFiles,
  path: string,
  { type, block, blockBytes }: QuantisedPlace,
  start: number,
  from: number,
  target: Uint8Array,
): Promise<void> {
  const wide = 4 * block
  const end = Math.ceil((from + target.length) / wide)
  const step = Math.floor(pieceElements / block)
  for (let first = Math.floor(from / wide); first < end; first += step) {
    const blocks = new Uint8Array(Math.min(step, end - first) * blockBytes)
    await pool.read(path, start + first * blockBytes, blocks)
    const numbers = new Uint8Array(widen(type, blocks).buffer)
    const skip = Math.max(0, from - first * wide)
    const rest = numbers.subarray(skip, skip + target.length - Math.max(0, first * wide - from))
    target.set(rest, Math.max(0, first * wide - from))
  }
}
