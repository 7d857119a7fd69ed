import { maskWordsPerRow } from '../../../shared/format/maskFile.ts'
import type { MaskBits } from '../maskFile.ts'

/**
 * flags[i] = 1 where the mask prunes stored element i of the rows [first, first + rows). The mask is [out, in]; a
 * transposed matrix is stored [in, out], so that its stored row is the mask's column.
 */
export function prunedFlags(mask: MaskBits, transposed: boolean, first: number, rows: number, flags: Uint8Array): void {
  const perRow = maskWordsPerRow(mask.columns)
  const columns = transposed ? mask.rows : mask.columns
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const out = transposed ? c : first + r
      const input = transposed ? first + r : c
      flags[r * columns + c] = (~mask.words[out * perRow + (input >> 5)] >>> (input & 31)) & 1
    }
  }
}
