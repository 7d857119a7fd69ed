// The operations of pruning: selection of the smallest scores, and SparseGPT's factor and column update, on f32 tensors of
// the backend; masks are u32 rows of bits as in kernels.ts, 1 = kept.
//
// The score of weight[o,i] is |weight[o,i]| · scale[i], or |weight[o,i]| when `scale` is null. Where f64 costs nothing scores
// are f64: in f32 they tie or change places where the true ones do not, and a deep model amplifies every weight that goes
// instead of another. GPUs have f32 only; two scores that it confuses are within 1e-6 of each other.
// Scores order by (score, row-major index), so equal scores go from the lower index up (docs/methods.md, "Comparison groups and exact counts").
import type { NmPattern } from '../../catalog/formats/sparsity.ts'
import type { Tensor } from './tensor.ts'

/** Columns [start, end) of a matrix. */
export interface Columns {
  readonly start: number
  readonly end: number
}

/**
 * A weight matrix [O, I] or a range of its columns, with the column scales [2, I] of its scores: the f32 value, and what
 * it leaves of the f64 one.
 */
export interface Scored {
  readonly weight: Tensor
  readonly scale: Tensor | null
  /** null = all columns. */
  readonly columns: Columns | null
}

/**
 * One digit of a radix selection. Scores are not negative, so that they order as two keys of 31 bits do: the bit pattern of
 * the f32 that a score rounds to; and the place of the score among those that round to it, from 0, half a unit in the last
 * place below this f32, to 2^30, half a unit above. That is all of an f64, but where the f32 is subnormal.
 * Counted are the scores with `key >>> (shift + bits) === prefix`, by the `bits` bits above `shift`.
 */
export interface Digit {
  readonly shift: number
  readonly bits: number
  readonly prefix: number
  /** null for a digit of the first key; else the f32 whose scores are counted by their second key. */
  readonly within: number | null
}

/** The place of a score that is an f32 itself. */
export const exactPlace = 2 ** 29

/** A cut through the sorted scores: all go whose keys come before it, and of those that have both the first `ties`. */
export interface Limit {
  /** The f32 of the first key. */
  readonly score: number
  /** The second key. */
  readonly place: number
  /** Number of ties that go, in row-major order; Infinity = all of them. */
  readonly ties: number
}

/** The factor U of an inverse Hessian H⁻¹ = Uᵀ·U. */
export interface InverseFactor {
  /** U [I,I], zeros below the diagonal. */
  readonly upper: Tensor
  /** 1 / U_jj as column scales [2, I] of SparseGPT's scores, |w| / d having the order of w² / d². */
  readonly inverseDiagonal: Tensor
}

/** The way in which a backend compares scores, and what it has room for. */
export interface PruneTraits {
  /** False: a score is an f32 itself, so that there is nothing to ask within one (the second key of Digit). */
  readonly scoresInF64: boolean
  /** Bits of the widest digit that is counted fast. */
  readonly widestDigit: number
  /** Most inputs of a matrix whose swaps are looked for. */
  readonly mostSwapInputs: number
}

/** Which swaps are made. */
export interface SwapRule {
  /** Most swaps of a row; a larger number counts as the number of columns. With 0 none is made, and `room` says what one would gain. */
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
  /** Writes the mask of the columns (other columns' bits stay); resolves with the ties that were pruned. */
  maskBelow(mask: Tensor, scored: Scored, limit: Limit): Promise<number>
  /**
   * Writes the mask of the columns without the `rank` smallest scores, `allTies` also without all that equal the last of them, and
   * nobody waits; bad[1] becomes the number of scores that are not finite where it was 0 (the mask is void then). Absent where
   * waiting costs nothing.
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
   * As inverseFactor, but out[I,I] only serves `solve`: a third of the work. Absent where an inverse costs less than the many
   * small steps of `solve`.
   */
  factor?(out: Tensor, h: Tensor, diagonal: Tensor): Promise<boolean>
  /** x[O,I] = x·H⁻¹, by what `factor` made of H: as many operations as a product with H⁻¹. */
  solve?(x: Tensor, factor: Tensor): Promise<void>
  /**
   * SparseGPT's sweep over one block of columns, in place (docs/methods.md, "SparseGPT"). Without `pattern` the mask says what
   * goes; with them the mask is chosen on the way, from the updated weights, by scores in f32 as those weights are. Pruned
   * entries become +0. Then all later columns take the block's errors. Σ (w − q)²/d²/2 is added to the elements of
   * losses [O], in whatever shares: who wants the sum reads it once, after the last block.
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
   * the best, in the mask alone (docs/methods.md, "Swaps"). All are [O,I], gram is the symmetric G [I,I]. Pruned weights count as 0 and come back as
   * `dense` has them: with updated weights in `weight` only `most` 0 has a meaning. `product`: (dense − weight)·G [O,I] with pruned
   * weights as 0, where the caller has it, in f32; a GPU computes its own.
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
