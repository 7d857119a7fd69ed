// Compares one tensor of two checkpoints by value: the element types may differ, the shape may not.
import { throwIfCancelled } from '../../errors.ts'
import type { TensorChange } from '../../../protocol/inspect.ts'
import type { Checkpoint, TensorEntry } from '../checkpoint.ts'
import type { MaskBits } from '../storedMask.ts'
import { elementFormat, type ElementFormat } from './elementFormat.ts'
import { matrixOf } from './rowPieces.ts'
import { zeroFlags } from './zeroFlags.ts'
import { maskWords } from '../../../catalog/formats/maskFile.ts'

/** `maxAbs` is infinite when one of two values is NaN, and where distances cannot be computed: complex numbers, integers beyond 2^53. */
export interface TensorDifference extends Pick<TensorChange, 'maxAbs' | 'drift' | 'filled' | 'emptied'> {
  /** Weights that the mask prunes; zeros of A without a mask. */
  pruned: number
  /** Weights that the mask prunes and that are not zero in B; without a mask, the same as `filled`. */
  broken: number
}

export interface CompareOptions {
  /** A's explicit mask of this matrix. Zeros alone do not show what is pruned: a kept weight may be zero by chance. */
  mask?: MaskBits
  /** The matrix is stored [in, out], the mask is [out, in]. */
  transposed?: boolean
  signal?: AbortSignal
}

/** Elements compared at a time. */
const pieceElements = 2 ** 20

/** One checkpoint's side of a comparison. */
interface Side {
  readonly checkpoint: Checkpoint
  readonly entry: TensorEntry
  readonly format: ElementFormat
}

/** null when all values are equal. */
export async function compareTensors(
  a: { checkpoint: Checkpoint; entry: TensorEntry },
  b: { checkpoint: Checkpoint; entry: TensorEntry },
  options: CompareOptions = {},
): Promise<TensorDifference | null> {
  if (a.entry.dtype === b.entry.dtype && (await sameBytes(a, b, options.signal))) return null
  const [sideA, sideB] = [a, b].map(({ checkpoint, entry }): Side | null => {
    const format = elementFormat(entry.dtype)
    return format && { checkpoint, entry, format }
  })
  // For complex numbers and types smaller than a byte, only whether they differ is known.
  if (!sideA || !sideB) return { maxAbs: Infinity, drift: null, filled: 0, emptied: 0, pruned: 0, broken: 0 }
  const difference = await measure(sideA, sideB, options)
  const { maxAbs, filled, emptied } = difference
  if (maxAbs !== 0 || filled !== 0 || emptied !== 0) return difference
  // Floats of equal value with other bytes are signed zeros and NaN; large integers that differ may be read as the same number.
  const { dtype } = a.entry
  return dtype === b.entry.dtype && (dtype === 'I64' || dtype === 'U64')
    ? { ...difference, maxAbs: Infinity, drift: null }
    : null
}

async function sameBytes(
  a: { checkpoint: Checkpoint; entry: TensorEntry },
  b: { checkpoint: Checkpoint; entry: TensorEntry },
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { name, bytes } = a.entry
  const step = 4 * pieceElements
  for (let start = 0; start < bytes; start += step) {
    throwIfCancelled(signal)
    const end = Math.min(start + step, bytes)
    const [x, y] = await Promise.all([a, b].map((s) => s.checkpoint.readRange(name, start, end)))
    if (!Buffer.from(x.buffer).equals(y)) return false
  }
  return true
}

/** How many weights a mask prunes, and how many of them are not zero in a matrix. null: its element type can only be listed. */
export async function countMasked(
  checkpoint: Checkpoint,
  entry: TensorEntry,
  mask: MaskBits,
  { transposed = false, signal }: Omit<CompareOptions, 'mask'>,
): Promise<Pick<TensorDifference, 'pruned' | 'broken'> | null> {
  const format = elementFormat(entry.dtype)
  if (!format) return null
  const { rows, columns } = matrixOf(entry)
  const step = Math.max(1, Math.floor(pieceElements / Math.max(1, columns)))
  const [zero, pruned] = [0, 1].map(() => new Uint8Array(Math.min(step, rows) * columns))
  const total = { pruned: 0, broken: 0 }
  for (let first = 0; first < rows; first += step) {
    throwIfCancelled(signal)
    const pieceRows = Math.min(step, rows - first)
    const count = pieceRows * columns
    zeroFlags(format, await readElements({ checkpoint, entry, format }, first * columns, count), count, zero)
    prunedFlags(mask, transposed, first, pieceRows, pruned)
    for (let i = 0; i < count; i++) {
      total.pruned += pruned[i] & 1
      total.broken += pruned[i] & ~zero[i] & 1
    }
  }
  return total
}

async function measure(a: Side, b: Side, options: CompareOptions): Promise<TensorDifference> {
  const { rows, columns } = matrixOf(a.entry)
  const step = Math.max(1, Math.floor(pieceElements / Math.max(1, columns)))
  const size = Math.min(step, rows) * columns
  const [zeroA, zeroB, pruned] = [0, 1, 2].map(() => new Uint8Array(size))
  const readA = valueReader(a.format)
  const readB = valueReader(b.format)
  const total: TensorDifference = { maxAbs: 0, drift: null, filled: 0, emptied: 0, pruned: 0, broken: 0 }
  let normA = 0
  let normDifference = 0
  for (let first = 0; first < rows; first += step) {
    throwIfCancelled(options.signal)
    const pieceRows = Math.min(step, rows - first)
    const count = pieceRows * columns
    const [dataA, dataB] = await Promise.all([a, b].map((s) => readElements(s, first * columns, count)))
    zeroFlags(a.format, dataA, count, zeroA)
    zeroFlags(b.format, dataB, count, zeroB)
    if (options.mask) prunedFlags(options.mask, options.transposed === true, first, pieceRows, pruned)
    addFlips(total, zeroA, zeroB, options.mask ? pruned : zeroA, count)
    const norms = addDistance(total, readA(dataA, count), readB(dataB, count), count)
    normA += norms.a
    normDifference += norms.difference
  }
  total.drift = normA > 0 ? Math.sqrt(normDifference / normA) : null
  return total
}

async function readElements({ checkpoint, entry, format }: Side, first: number, count: number): Promise<ArrayBuffer> {
  const bytes = await checkpoint.readRange(entry.name, first * format.bytes, (first + count) * format.bytes)
  return bytes.buffer
}

function addFlips(
  total: TensorDifference,
  zeroA: Uint8Array,
  zeroB: Uint8Array,
  pruned: Uint8Array,
  count: number,
): void {
  let [filled, emptied, gone, broken] = [0, 0, 0, 0]
  for (let i = 0; i < count; i++) {
    filled += zeroA[i] & ~zeroB[i] & 1
    emptied += zeroB[i] & ~zeroA[i] & 1
    gone += pruned[i] & 1
    broken += pruned[i] & ~zeroB[i] & 1
  }
  total.filled += filled
  total.emptied += emptied
  total.pruned += gone
  total.broken += broken
}

/** Sums of squares of A and of B − A; also updates `total.maxAbs`. */
function addDistance(
  total: TensorDifference,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  count: number,
): { a: number; difference: number } {
  let squares = 0
  let difference = 0
  let { maxAbs } = total
  for (let i = 0; i < count; i++) {
    const x = a[i]
    const y = b[i]
    squares += x * x
    if (x === y) continue
    const distance = distanceOf(x, y)
    if (distance > maxAbs) maxAbs = distance
    difference += distance * distance
  }
  total.maxAbs = maxAbs
  return { a: squares, difference }
}

/** 0 for equal infinities and for two NaN, infinite when only one is NaN. */
function distanceOf(a: number, b: number): number {
  if (a === b) return 0
  const distance = Math.abs(b - a)
  if (!Number.isNaN(distance)) return distance
  return Number.isNaN(a) && Number.isNaN(b) ? 0 : Infinity
}

/**
 * flags[i] = 1 where the mask prunes stored element i of the rows [first, first + rows). The mask is [out, in]; a
 * transposed matrix is stored [in, out]: its stored row is the mask's column.
 */
function prunedFlags(mask: MaskBits, transposed: boolean, first: number, rows: number, flags: Uint8Array): void {
  const perRow = maskWords(mask.columns)
  const columns = transposed ? mask.rows : mask.columns
  const { words } = mask
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const out = transposed ? c : first + r
      const input = transposed ? first + r : c
      flags[r * columns + c] = (~words[out * perRow + (input >> 5)] >>> (input & 31)) & 1
    }
  }
}

/** Tables of values by bit pattern, one for each narrow format met so far. */
const tables = new Map<ElementFormat, Float32Array>()

/** Reads pieces of a tensor as numbers. The result is valid until the next call. */
function valueReader(format: ElementFormat): (data: ArrayBuffer, count: number) => ArrayLike<number> {
  if (format.kind === 'wide') return format.values
  let table = tables.get(format)
  if (!table) {
    table = Float32Array.from({ length: 2 ** (8 * format.bytes) }, (_, pattern) => format.decode(pattern))
    tables.set(format, table)
  }
  const known = table
  let values = new Float32Array(0)
  return (data, count) => {
    const patterns = format.bytes === 1 ? new Uint8Array(data, 0, count) : new Uint16Array(data, 0, count)
    if (values.length < count) values = new Float32Array(count)
    for (let i = 0; i < count; i++) values[i] = known[patterns[i]]
    return values
  }
}
