// The mask of one linear: which weights are kept. Always explicit, never inferred from `weight !== 0` (a kept
// weight may be 0 by chance, and a mask may keep a weight that training moves through 0).
import type { ZeroCount } from '../../shared/format/sparsity.ts'
import { maskWords } from '../compute/tensor.ts'

/** Bits of a [rows, columns] matrix, 1 = kept: word `row·wordsPerRow + (column >> 5)`, bit `column & 31`. Unused bits are 0. */
export interface Mask {
  readonly rows: number
  readonly columns: number
  readonly words: Uint32Array
}

/** A mask that keeps nothing, or everything. */
export function createMask(rows: number, columns: number, keep: boolean): Mask {
  const perRow = maskWords(columns)
  const words = new Uint32Array(rows * perRow)
  if (keep) {
    words.fill(0xffffffff)
    const rest = columns & 31
    if (rest) for (let r = 0; r < rows; r++) words[(r + 1) * perRow - 1] = 2 ** rest - 1
  }
  return { rows, columns, words }
}

/** Makes a mask of one byte per weight, row-major, non-zero = kept. */
export function packMask(kept: ArrayLike<number>, rows: number, columns: number): Mask {
  const mask = createMask(rows, columns, false)
  const perRow = maskWords(columns)
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) if (kept[r * columns + c]) mask.words[r * perRow + (c >> 5)] |= 1 << (c & 31)
  return mask
}

/** The mask as one byte per weight, row-major, 1 = kept. */
export function unpackMask(mask: Mask): Uint8Array {
  const { rows, columns, words } = mask
  const kept = new Uint8Array(rows * columns)
  const perRow = maskWords(columns)
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) kept[r * columns + c] = (words[r * perRow + (c >> 5)] >>> (c & 31)) & 1
  return kept
}

/** The mask that the exact zeros (+0 or −0) of a weight [rows, columns] stand for: for checkpoints saved without one. */
export function maskOfZeros(weight: Float32Array, rows: number, columns: number): Mask {
  return packMask(
    weight.map((w) => (w === 0 ? 0 : 1)),
    rows,
    columns,
  )
}

/** Number of weights that the mask prunes. */
export function zerosOf(mask: Mask): number {
  const { words } = mask
  let kept = 0
  for (let i = 0; i < words.length; i++) kept += bitCount(words[i])
  return mask.rows * mask.columns - kept
}

/** The counts that `sparsityOf` takes. */
export function zeroCountOf(mask: Mask): ZeroCount {
  return { zeros: zerosOf(mask), size: mask.rows * mask.columns }
}

/** Ones in a 32-bit word (the usual tree of adds). */
export function bitCount(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555)
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
