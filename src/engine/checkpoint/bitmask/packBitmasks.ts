// A dense checkpoint with masks, seen in the `sparse-bitmask` layout: the writer copies from it as from any other.
import {
  bitmaskParts,
  bitmaskRowBytes,
  bitmaskSpecs,
  countBits,
  type BitmaskPart,
} from '../../../catalog/formats/bitmask.ts'
import { bytesOfTensor } from '../../../catalog/formats/dtypes.ts'
import { maskWordsPerRow } from '../../../catalog/formats/maskFile.ts'
import { EngineError } from '../../errors.ts'
import type { Checkpoint, TensorEntry } from '../checkpoint.ts'
import { lastKept, type MaskBits, type StoredMasks } from '../storedMask.ts'
import { itemBytesOf } from './foldBitmasks.ts'

/** A weight and the bits of what is kept of it, both as the file stores it. */
interface Packed {
  readonly weight: TensorEntry
  readonly itemBytes: 1 | 2 | 4 | 8
  readonly readMask: () => Promise<MaskBits>
  /** R + 1 places in the values. */
  readonly offsets: readonly number[]
}

/** Values packed at a time. */
const pieceWeights = 2 ** 21

/** `masks` by the weight's name, in its stored orientation; each is read now to count what it keeps, and again as its weight is. */
export async function packBitmasks(dense: Checkpoint, masks: StoredMasks): Promise<Checkpoint> {
  const maskOf = lastKept(masks)
  const tensors = new Map<string, TensorEntry>()
  const sources = new Map<string, { part: BitmaskPart; packed: Packed }>()
  for (const entry of dense.tensors.values()) {
    const mask = await maskOf(entry.name)
    const itemBytes = itemBytesOf(entry.dtype)
    if (!mask || itemBytes === null) {
      tensors.set(entry.name, entry)
      continue
    }
    const packed = pack(entry, itemBytes, mask, again(maskOf, entry.name))
    const kept = packed.offsets[mask.rows]
    const specs = bitmaskSpecs(entry.dtype, mask.rows, mask.columns, kept)
    const base = entry.name.replace(/\.weight$/, '')
    for (const part of bitmaskParts) {
      const name = `${base}.${part}`
      const { dtype, shape } = specs[part]
      tensors.set(name, { name, dtype, shape, file: entry.file, start: 0, bytes: bytesOfTensor(dtype, shape) ?? 0 })
      sources.set(name, { part, packed })
    }
  }

  async function readInto(name: string, start: number, target: Uint8Array): Promise<void> {
    const source = sources.get(name)
    if (source) await readPart(dense, source.packed, source.part, start, target)
    else await dense.readInto(name, start, target)
  }
  const readRange = async (name: string, start: number, end: number) => {
    const target = new Uint8Array(end - start)
    await readInto(name, start, target)
    return target
  }
  return { ...dense, tensors, readInto, readRange, read: (name) => readRange(name, 0, tensors.get(name)?.bytes ?? 0) }
}

/** Outside the loop, so that it holds none of the masks that were counted. */
function again(maskOf: ReturnType<typeof lastKept>, name: string): Packed['readMask'] {
  return async () => {
    const mask = await maskOf(name)
    if (mask) return mask
    throw new EngineError('internal', `${name} has no mask any more`)
  }
}

function pack(
  weight: TensorEntry,
  itemBytes: Packed['itemBytes'],
  mask: MaskBits,
  readMask: Packed['readMask'],
): Packed {
  const [rows, columns] = weight.shape
  if (weight.shape.length !== 2 || mask.rows !== rows || mask.columns !== columns)
    throw new EngineError('internal', `${weight.name} has a mask of ${mask.rows} × ${mask.columns}`)
  const offsets = [0]
  for (let row = 0; row < rows; row++) offsets.push(offsets[row] + countBits(rowOfBits(mask, row)))
  return { weight, itemBytes, readMask, offsets }
}

/** Words of a mask are little-endian, as the bytes of the layout are. */
function rowOfBits({ columns, words }: MaskBits, row: number): Uint8Array {
  const perRow = 4 * maskWordsPerRow(columns)
  return new Uint8Array(words.buffer, words.byteOffset + row * perRow, bitmaskRowBytes(columns))
}

async function readPart(
  dense: Checkpoint,
  packed: Packed,
  part: BitmaskPart,
  start: number,
  target: Uint8Array,
): Promise<void> {
  const { weight, readMask, offsets } = packed
  const small = (bytes: Uint8Array) => target.set(bytes.subarray(start, start + target.length))
  const numbers = (values: readonly number[]) => new Uint8Array(BigInt64Array.from(values, BigInt).buffer)
  if (part === 'bitmask') readRowsOfBits(await readMask(), start, target)
  else if (part === 'shape') small(numbers(weight.shape))
  else if (part === 'row_offsets') small(numbers(offsets.slice(0, -1)))
  else await readKept(dense, packed, start, target)
}

function readRowsOfBits(mask: MaskBits, start: number, target: Uint8Array): void {
  const own = bitmaskRowBytes(mask.columns)
  for (let done = 0; done < target.length;) {
    const [row, skip] = [Math.floor((start + done) / own), (start + done) % own]
    const bytes = rowOfBits(mask, row).subarray(skip, skip + target.length - done)
    target.set(bytes, done)
    done += bytes.length
  }
}

/** Yields the kept values row after row. */
async function readKept(dense: Checkpoint, packed: Packed, from: number, target: Uint8Array): Promise<void> {
  const { weight, itemBytes, readMask, offsets } = packed
  const mask = await readMask()
  const columns = weight.shape[1]
  const end = from + target.length
  const step = Math.max(1, Math.floor(pieceWeights / columns))
  for (let first = rowOf(offsets, from / itemBytes); offsets[first] * itemBytes < end; first += step) {
    const rows = Math.min(step, weight.shape[0] - first)
    const bytes = await dense.readRange(weight.name, first * columns * itemBytes, (first + rows) * columns * itemBytes)
    const values = new Uint8Array((offsets[first + rows] - offsets[first]) * itemBytes)
    let next = 0
    for (let row = 0; row < rows; row++)
      for (const [byte, bits] of rowOfBits(mask, first + row).entries()) {
        const column = row * columns + 8 * byte
        for (let rest = bits; rest !== 0; rest &= rest - 1) {
          const at = (column + 31 - Math.clz32(rest & -rest)) * itemBytes
          for (let i = 0; i < itemBytes; i++) values[next++] = bytes[at + i]
        }
      }
    const base = offsets[first] * itemBytes
    const [start, stop] = [Math.max(from, base), Math.min(end, base + values.length)]
    target.set(values.subarray(start - base, stop - base), start - from)
  }
}

/** The last row whose values begin at or before this one. */
function rowOf(offsets: readonly number[], value: number): number {
  let [low, high] = [0, offsets.length - 2]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (offsets[middle] <= value) low = middle
    else high = middle - 1
  }
  return low
}
