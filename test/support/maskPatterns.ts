// Questions that tests ask of a mask, a bit at a time.
import { maskWords } from '../../src/catalog/formats/maskFile.ts'
import type { Mask } from '../../src/engine/prune/mask.ts'

export function isKept(mask: Mask, row: number, column: number): boolean {
  return ((mask.words[row * maskWords(mask.columns) + (column >> 5)] >>> (column & 31)) & 1) === 1
}

/** Groups of `m` consecutive inputs of a row in which fewer than `n` are pruned. `columns` is a multiple of `m`. */
export function patternViolations(mask: Mask, n: number, m: number): number {
  let count = 0
  for (let r = 0; r < mask.rows; r++)
    for (let c = 0; c < mask.columns; c += m) {
      let pruned = 0
      for (let i = 0; i < m; i++) if (!isKept(mask, r, c + i)) pruned++
      if (pruned < n) count++
    }
  return count
}
