// Operations of pruning that are recorded like kernels; the calling thread makes PruneKernels of them (../../prune.ts).
import type { NmPattern } from '../../../../../catalog/formats/sparsity.ts'
import type { Kernels } from '../../../kernels.ts'
import type { Columns, InverseFactor, SwapRule } from '../../../pruneKernels.ts'
import type { Tensor } from '../../../tensor.ts'
import type { Gpu } from '../../shader.ts'
import { runMaskBelow, runMaskSmallest, type TieCut } from './maskSmallest.ts'
import { runCountDigit, runCountTies } from './scores.ts'
import { runFactorBegin, runFactorPanel } from './factor.ts'
import { runMaskGroups, runMaskRows } from './maskRows.ts'
import { runSwaps } from './swaps.ts'
import { runSweep } from './sweep.ts'

/** Limits are bit patterns of f32 scores. */
export interface PruneOps {
  /** counts[2^bits] += the scores by one digit. */
  countDigit(
    counts: Tensor,
    weight: Tensor,
    scale: Tensor | null,
    columns: Columns,
    digit: { shift: number; bits: number; prefix: number },
  ): void
  /** counts[O] = how many scores of each row are the limit. */
  countTies(counts: Tensor, weight: Tensor, scale: Tensor | null, columns: Columns, limit: number): void
  maskBelow(mask: Tensor, weight: Tensor, scale: Tensor | null, columns: Columns, limit: number, cut: TieCut): void
  /** See PruneKernels. */
  maskSmallest(
    mask: Tensor,
    bad: Tensor,
    weight: Tensor,
    scale: Tensor | null,
    columns: Columns,
    rank: number,
    allTies: boolean,
  ): void
  /** bad[1] += scores that are not finite. */
  maskRows(mask: Tensor, bad: Tensor, weight: Tensor, scale: Tensor | null, k: number, withTies: boolean): void
  /** bad[1] += scores that are not finite. */
  maskGroups(mask: Tensor, bad: Tensor, weight: Tensor, scale: Tensor | null, pattern: NmPattern): void
  factorBegin(a: Tensor, h: Tensor, diagonal: Tensor): void
  /** Columns [k, k + width), from the last panel to the first; bad[1] becomes 1 where H is not positive definite. */
  factorPanel(a: Tensor, bad: Tensor, k: number, width: number): void
  /** losses[O] = Σ (w − q)²/d² of each row's columns. */
  sweep(
    weight: Tensor,
    mask: Tensor,
    losses: Tensor,
    factor: InverseFactor,
    columns: Columns,
    pattern: NmPattern | null,
  ): void
  /** figures[O,5]: error before, error after, what the best swap left would win, swaps, and 1. */
  swapRows(mask: Tensor, weight: Tensor, dense: Tensor, gram: Tensor, figures: Tensor, rule: SwapRule): void
}

export function pruneOps(gpu: Gpu, kernels: Pick<Kernels, 'copy' | 'fill'>): PruneOps {
  return {
    countDigit: (...args) => runCountDigit(gpu, ...args),
    countTies: (...args) => runCountTies(gpu, ...args),
    maskBelow: (...args) => runMaskBelow(gpu, ...args),
    maskSmallest: (...args) => runMaskSmallest(gpu, kernels, ...args),
    maskRows: (...args) => runMaskRows(gpu, ...args),
    maskGroups: (...args) => runMaskGroups(gpu, ...args),
    factorBegin: (...args) => runFactorBegin(gpu, ...args),
    factorPanel: (...args) => runFactorPanel(gpu, kernels, ...args),
    sweep: (...args) => runSweep(gpu, kernels, ...args),
    swapRows: (...args) => runSwaps(gpu, ...args),
  }
}
