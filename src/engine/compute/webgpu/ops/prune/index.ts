// Operations of pruning that are recorded like kernels; the calling thread makes PruneKernels of them (../../prune.ts).
import type { NmPattern } from '../../../../../catalog/formats/sparsity.ts'
import type { Columns, Digit, InverseFactor, Scored, SwapRule } from '../../../pruneKernels.ts'
import type { Tensor } from '../../../tensor.ts'

/** Rows before `row` give all of their ties, `row` gives its first `ties`, later ones none. */
export interface TieCut {
  readonly row: number
  readonly ties: number
}

/** Limits are bit patterns of f32 scores. `found`: prefix, limit and cut as found on the device; they replace the arguments (`cutKey`). */
export interface PruneOps {
  /** counts[2^bits] += how many scores have each value of the digit. */
  countDigit(counts: Tensor, scored: Scored, digit: Omit<Digit, 'within'>, found?: Tensor | null): void
  /** counts[O] = how many scores of each row equal the limit. */
  countTies(counts: Tensor, scored: Scored, limit: number, found?: Tensor | null): void
  maskBelow(mask: Tensor, scored: Scored, limit: number, cut: TieCut, found?: Tensor | null): void
  /** See PruneKernels. */
  maskSmallest(mask: Tensor, bad: Tensor, scored: Scored, rank: number, allTies: boolean): void
  /** bad[1] += scores that are not finite. */
  maskRows(mask: Tensor, bad: Tensor, scored: Scored, k: number, withTies: boolean): void
  /** bad[1] += scores that are not finite. */
  maskGroups(mask: Tensor, bad: Tensor, scored: Scored, pattern: NmPattern): void
  factorBegin(a: Tensor, h: Tensor, diagonal: Tensor): void
  /** Columns [k, k + width), from the last panel to the first; bad[1] becomes 1 where H is not positive definite. */
  factorPanel(a: Tensor, bad: Tensor, k: number, width: number): void
  /** losses[O] += Σ (w − q)²/d²/2 over the columns of each row. */
  sweep(
    weight: Tensor,
    mask: Tensor,
    losses: Tensor,
    factor: InverseFactor,
    columns: Columns,
    pattern: NmPattern | null,
  ): void
  /** figures[O,5]: error before, error after, what the best remaining swap would win, swaps, and 1 for done. */
  swapRows(mask: Tensor, weight: Tensor, dense: Tensor, gram: Tensor, figures: Tensor, rule: SwapRule): void
}
