// Masks of weights that the file stores as [in, out].
import { maskWordsPerRow } from '../../../catalog/formats/maskFile.ts'
import type { MaskBits } from '../storedMask.ts'

/** [columns, rows] out of [rows, columns]. */
export function transposeBits({ rows, columns, words }: MaskBits): MaskBits {
  const [from, to] = [maskWordsPerRow(columns), maskWordsPerRow(rows)]
  const turned = new Uint32Array(columns * to)
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < from; i++)
      for (let rest = words[row * from + i]; rest !== 0; rest &= rest - 1) {
        const column = 32 * i + 31 - Math.clz32(rest & -rest)
        turned[column * to + (row >> 5)] |= 1 << (row & 31)
      }
  return { rows: columns, columns: rows, words: turned }
}
