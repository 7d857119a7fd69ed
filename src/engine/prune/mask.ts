// The mask of one linear: which weights are kept. Always explicit, never inferred from `weight !== 0` (a kept
// weight may be 0 by chance, and a mask may keep a weight that training moves through 0).
import type { MaskBits } from '../checkpoint/storedMask.ts'
import type { ZeroCount } from '../../catalog/formats/sparsity.ts'
import { maskWords } from '../../catalog/formats/maskFile.ts'

/** Bits of a [rows, columns] matrix, 1 = kept: word `row·wordsPerRow + (column >> 5)`, bit `column & 31`. Unused bits are 0. */
export type Mask = MaskBits

/** The mask of the exact zeros (+0 or −0) of a weight [rows, columns], for checkpoints saved without one. */
export function maskOfZeros(weight: ArrayLike<number>, rows: number, columns: number): Mask {
  const perRow = maskWords(columns)
  const words = new Uint32Array(rows * perRow)
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) if (weight[r * columns + c] !== 0) words[r * perRow + (c >> 5)] |= 1 << (c & 31)
  return { rows, columns, words }
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
