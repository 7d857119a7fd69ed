// The operations of pruning: selection of the smallest scores, and SparseGPT's factor and column update, on f32 tensors of
// the backend; masks are u32 rows of bits as in kernels.ts, 1 = kept.
//
// The score of weight[o,i] is |weight[o,i]| · scale[i], or |weight[o,i]| when `scale` is null. Scores are f64 where f64 costs
// nothing: rounding to f32 makes scores tie or changes their order, and a deep model amplifies the effect of each weight that is
// pruned in place of another. GPUs have f32 only; two scores that change places there are within 1e-6 of each other.
// Scores order by (score, row-major index), so equal scores go from the lower index up (docs/methods.md, "Comparison groups and exact counts").
import type { NmPattern } from '../../catalog/formats/sparsity.ts'
import type { Tensor } from './tensor.ts'

/** Columns [start, end) of a matrix. */
export interface Columns {
  readonly start: number
  readonly end: number
}

/**
 * A weight matrix [O, I] or a range of its columns, with the column scales [2, I] of its scores. The two rows of `scale` add up
 * to the f64 scale: its value rounded to f32, and the remainder.
 */
export interface Scored {
  readonly weight: Tensor
  readonly scale: Tensor | null
  /** null = all columns. */
  readonly columns: Columns | null
}

/**
 * One digit of a radix selection. Scores are not negative, so they sort by two keys of 31 bits: the bit pattern of the f32
 * that a score rounds to; and the place of the score among those that round to this f32, from 0 for half a unit in the last
 * place below the f32 to 2^30 for half a unit above. The two keys determine the f64 unless the f32 is subnormal.
 * Scores with `key >>> (shift + bits) === prefix` are counted, by the `bits` bits above `shift`.
 */
export interface Digit {
  readonly shift: number
  readonly bits: number
  readonly prefix: number
  /** null for a digit of the first key; else scores that round to this f32 are counted, by their second key. */
  readonly within: number | null
}

/** The place (second key) of a score that is exactly an f32. */
export const exactPlace = 2 ** 29

/** A cut through the sorted scores: those whose keys come before it are pruned, and the first `ties` of those with both keys equal. */
export interface Limit {
  /** The f32 of the first key. */
  readonly score: number
  /** The second key. */
  readonly place: number
  /** Number of ties that are pruned, in row-major order; Infinity = all of them. */
  readonly ties: number
}

/** The factor U of an inverse Hessian H⁻¹ = Uᵀ·U. */
export interface InverseFactor {
  /** U [I,I], zeros below the diagonal. */
  readonly upper: Tensor
  /** 1 / U_jj as column scales [2, I] of SparseGPT's scores; |w| / d sorts like w² / d², with d = U_jj. */
  readonly inverseDiagonal: Tensor
}

/** How a backend compares scores, and its limits. */
export interface PruneTraits {
  /** False if scores are f32: the second key of a Digit is then the same for all scores. */
  readonly scoresInF64: boolean
  /** Bits of the widest digit that is counted fast. */
  readonly widestDigit: number
  /** Most inputs that a matrix may have for `swapRows`. */
  readonly mostSwapInputs: number
}

/** Which swaps are made. */
export interface SwapRule {
  /** Most swaps of a row, and never more than its columns. With 0 no swap is made, and `room` says what one would gain. */
  readonly most: number
  /** Both weights of a swap are in the same group of so many columns; 0: anywhere in the row. */
  readonly group: number
}

/** By row [O]. Errors are those of the row's outputs, (dense − weight)ᵀ·G·(dense − weight). */
export interface SwapFigures {
  readonly before: Float64Array
  readonly after: Float64Array
  /** How much the best remaining swap would lower the error; 0 where none helps. */
  readonly room: Float64Array
  /** Swaps that were made. */
  readonly swaps: Float64Array
}

export interface PruneKernels {
  readonly traits: PruneTraits
  /** Adds to counts[2^bits] how many scores have each value of the digit. */
  countScores(counts: Float64Array, scored: Scored, digit: Digit): Promise<void>
  /** Writes the mask of the columns (other columns' bits stay); resolves with the number of ties that were pruned. */
  maskBelow(mask: Tensor, scored: Scored, limit: Limit): Promise<number>
  /**
   * Writes the mask of the columns: prunes the `rank` smallest scores, and with `allTies` also all that equal the last of them.
   * The host does not wait. If bad[1] is 0, it becomes the number of scores that are not finite (the mask is void if any). Absent
   * where waiting costs nothing.
   */
  maskSmallest?(mask: Tensor, bad: Tensor, scored: Scored, rank: number, allTies: boolean): void
  /**
   * Prunes the k smallest of each row, with `withTies` also all that equal the k-th. Resolves with how many scores are
   * not finite (the mask is void if any).
   */
  maskRows(mask: Tensor, weight: Tensor, scale: Tensor | null, k: number, withTies: boolean): Promise<number>
  /** Prunes the n smallest scores in every m consecutive columns of a row; I is a multiple of m. Resolves as maskRows. */
  maskGroups(mask: Tensor, weight: Tensor, scale: Tensor | null, pattern: NmPattern): Promise<number>
  /**
   * out[I,I] = the upper U with Uᵀ·U = H⁻¹, zeros below the diagonal; H is the symmetric h[I,I] with `diagonal` in place
   * of its own. Resolves with false, and `out` undefined, when H is not positive definite in f32.
   */
  inverseFactor(out: Tensor, h: Tensor, diagonal: Tensor): Promise<boolean>
  /**
   * Like `inverseFactor` for a third of the work, but out[I,I] is of use to `solve` only. Absent where an inverse costs less than
   * the many small steps of `solve`.
   */
  factor?(out: Tensor, h: Tensor, diagonal: Tensor): Promise<boolean>
  /** x[O,I] = x·H⁻¹, with the output of `factor` for H: as many operations as a product with H⁻¹. */
  solve?(x: Tensor, factor: Tensor): Promise<void>
  /**
   * SparseGPT's sweep over one block of columns, in place (docs/methods.md, "SparseGPT"). Without `pattern` the mask is given.
   * With `pattern` the sweep chooses the mask from the updated weights, by f32 scores since those weights are f32. Pruned
   * entries become +0. Then all later columns are updated for the block's errors. Σ (w − q)²/d²/2 is added to losses [O],
   * spread over its elements in any way: only their sum after the last block has a meaning.
   */
  sparseGptBlock(
    weight: Tensor,
    mask: Tensor,
    losses: Tensor,
    factor: InverseFactor,
    columns: Columns,
    pattern: NmPattern | null,
  ): Promise<void>
  /**
   * Swaps a pruned and a kept weight of a row while that lowers its error by a millionth or more, the best pair or on a CPU one of
   * the best, in the mask alone (docs/methods.md, "Swaps"). All are [O,I], gram is the symmetric G [I,I]. Pruned weights count as
   * 0 and return with their value in `dense`: if `weight` has been updated, only `most` = 0 makes sense. `product`: (dense − weight)·G
   * [O,I] in f32, with pruned weights as 0, or null where the caller does not have it; a GPU computes its own.
   */
  swapRows(
    mask: Tensor,
    weight: Tensor,
    dense: Tensor,
    gram: Tensor,
    rule: SwapRule,
    product: Tensor | null,
  ): Promise<SwapFigures>
}
