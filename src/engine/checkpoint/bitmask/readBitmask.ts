// Reads of matrices that are stored as their kept values only: any range of the bytes that they would have if they were
// dense, and their masks. Counts in the file are checked where they are used, so nothing is read from a wrong place.
import { bitmaskRowBytes, countBits } from '../../../catalog/formats/bitmask.ts'
import { maskWords } from '../../../catalog/formats/maskFile.ts'
import { EngineError } from '../../errors.ts'
import type { WeightFiles, BitmaskPlace } from '../fileHeader.ts'
import type { MaskBits } from '../storedMask.ts'

/** Weights expanded at a time. */
const pieceWeights = 2 ** 21

/** The 4-bit values with exactly two bits set. */
const twoOfFour = [0b0011, 0b0101, 0b0110, 0b1001, 0b1010, 0b1100]

const arrays = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array } as const

/** Fills `target` with the dense matrix's bytes from `from` on. `name`: for messages. @throws EngineError 'bad-checkpoint' */
export async function readBitmask(
  pool: WeightFiles,
  name: string,
  place: BitmaskPlace,
  from: number,
  target: Uint8Array,
): Promise<void> {
  const rowBytes = place.columns * place.itemBytes
  const end = from + target.length
  const step = Math.max(1, Math.floor(pieceWeights / place.columns))
  for (let first = Math.floor(from / rowBytes); first * rowBytes < end; first += step) {
    const rows = Math.min(step, place.rows - first, Math.ceil(end / rowBytes) - first)
    const dense = await readRows(pool, name, place, first, rows)
    const [start, stop] = [Math.max(from, first * rowBytes), Math.min(end, (first + rows) * rowBytes)]
    target.set(dense.subarray(start - first * rowBytes, stop - first * rowBytes), start - from)
  }
}

async function readRows(
  pool: WeightFiles,
  name: string,
  place: BitmaskPlace,
  first: number,
  rows: number,
): Promise<Uint8Array> {
  const { itemBytes } = place
  const { bits, offsets } = await readBits(pool, name, place, first, rows)
  const values = new arrays[itemBytes](offsets[rows] - offsets[0])
  await pool.read(place.compressed.path, place.compressed.start + offsets[0] * itemBytes, new Uint8Array(values.buffer))
  const dense = new arrays[itemBytes](rows * place.columns)
  const perRow = bitmaskRowBytes(place.columns)
  let next = 0
  for (let row = 0; row < rows; row++) {
    for (let byte = 0; byte < perRow; byte++) {
      const column = row * place.columns + 8 * byte
      for (let rest = bits[row * perRow + byte]; rest !== 0; rest &= rest - 1)
        dense[column + 31 - Math.clz32(rest & -rest)] = values[next++]
    }
  }
  return new Uint8Array(dense.buffer)
}

/** The mask, in the orientation of the file. @throws EngineError 'bad-checkpoint' */
export async function readBitmaskMask(pool: WeightFiles, name: string, place: BitmaskPlace): Promise<MaskBits> {
  const { rows, columns } = place
  const perRow = maskWords(columns)
  const words = new Uint32Array(rows * perRow)
  const bytes = new Uint8Array(words.buffer)
  const own = bitmaskRowBytes(columns)
  const step = Math.max(1, Math.floor(pieceWeights / columns))
  for (let first = 0; first < rows; first += step) {
    const count = Math.min(step, rows - first)
    const { bits } = await readBits(pool, name, place, first, count)
    for (let row = 0; row < count; row++)
      bytes.set(bits.subarray(row * own, (row + 1) * own), 4 * perRow * (first + row))
  }
  return { rows, columns, words }
}

/** Bits of some rows, and the start of each row's values; one more entry is the end of the last row's values. */
async function readBits(pool: WeightFiles, name: string, place: BitmaskPlace, first: number, rows: number) {
  const { columns, kept } = place
  const perRow = bitmaskRowBytes(columns)
  const bits = new Uint8Array(rows * perRow)
  await pool.read(place.bits.path, place.bits.start + first * perRow, bits)
  const offsets = await readOffsets(pool, place, first, rows)
  const spare = columns % 8 === 0 ? 0 : 0xff & (0xff << (columns % 8))
  for (let row = 0; row < rows; row++) {
    const own = bits.subarray(row * perRow, (row + 1) * perRow)
    const count = countBits(own)
    const wrong = (what: string) =>
      new EngineError(
        'bad-checkpoint',
        `${place.bits.path}: row ${first + row} of ${name} ${what}; get the checkpoint again, or write it again`,
      )
    if (own[perRow - 1] & spare) throw wrong('marks columns as kept that it does not have')
    const [start, end] = [offsets[row], offsets[row + 1]]
    const isPlace =
      Number.isSafeInteger(start) && start >= 0 && start + count <= kept && (first + row > 0 || start === 0)
    if (!isPlace || end !== start + count)
      throw wrong(
        `keeps ${count} weights by its bits, which does not match its ${place.offsets ? 'offsets' : 'values'}`,
      )
    const group = place.offsets ? -1 : otherThanTwo(own, columns / 4)
    if (group >= 0) throw wrong(`does not keep exactly two of the weights ${4 * group} to ${4 * group + 3}`)
  }
  return { bits, offsets }
}

/** Returns the first group of four columns that keeps more or fewer than two, or -1. */
function otherThanTwo(bits: Uint8Array, groups: number): number {
  for (let group = 0; group < groups; group++)
    if (!twoOfFour.includes(0xf & (bits[group >> 1] >> (4 * (group & 1))))) return group
  return -1
}

/** Row offsets as they are stored, or as 2:4 implies them; they are not checked yet. */
async function readOffsets(
  pool: WeightFiles,
  { offsets: part, columns, kept, rows: all }: BitmaskPlace,
  first: number,
  rows: number,
): Promise<number[]> {
  if (!part) return Array.from({ length: rows + 1 }, (_, row) => ((first + row) * columns) / 2)
  const isLast = first + rows === all
  const stored = new BigInt64Array(isLast ? rows : rows + 1)
  await pool.read(part.path, part.start + 8 * first, new Uint8Array(stored.buffer))
  const offsets = Array.from(stored, Number)
  return isLast ? [...offsets, kept] : offsets
}
