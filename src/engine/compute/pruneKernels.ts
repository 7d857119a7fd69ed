// The operations of pruning: selection of the smallest scores, and SparseGPT's factor and column update. They run on
// CPU backends only, on f32 tensors of that backend; masks are u32 rows of bits as in kernels.ts, 1 = kept.
//
// The score of weight[o,i] is |weight[o,i]| · scale[i], or |weight[o,i]| when `scale` is null: in f32, within groups in
// f64. Scores order by (score, row-major index), so equal scores go from the lower index up (methods.md 2.3).
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
 * One digit of a radix selection. Scores are not negative, so their f32 bit patterns order as they do. Counted are
 * the scores with `pattern >>> (shift + bits) === prefix`, by the `bits` bits above `shift`.
 */
export interface Digit {
  readonly shift: number
  readonly bits: number
  readonly prefix: number
}

/** A place in the sorted scores: all below `score` go, and of those equal to it the first `ties` in row-major order. */
export interface Limit {
  readonly score: number
  /** Infinity = all of them. */
  readonly ties: number
}

/** In every `of` consecutive columns of a row, the `zeros` smallest scores go. */
export interface Groups {
  readonly zeros: number
  readonly of: number
}

/** Of an inverse Hessian H⁻¹ = Uᵀ·U. */
export interface InverseFactor {
  /** U [I,I], zeros below the diagonal. */
  readonly upper: Tensor
  /** 1 / U_jj [I]: the scale of SparseGPT's scores, |w| / d having the order of w² / d². */
  readonly inverseDiagonal: Tensor
}

export interface PruneKernels {
  /** Adds to counts[2^bits] how many scores have each value of the digit. */
  countScores(counts: Float64Array, scored: Scored, digit: Digit): Promise<void>
  /** Writes the mask of the columns (other columns' bits stay); resolves with the ties that were pruned. */
  maskBelow(mask: Tensor, scored: Scored, limit: Limit): Promise<number>
  /**
   * Prunes the k smallest of each row, with `withTies` also all that equal the k-th. Resolves with how many scores are
   * not finite (the mask is void if any).
   */
  maskRows(mask: Tensor, weight: Tensor, scale: Tensor | null, k: number, withTies: boolean): Promise<number>
  /** Prunes by groups; I is a multiple of `groups.of`. Resolves as maskRows. */
  maskGroups(mask: Tensor, weight: Tensor, scale: Tensor | null, groups: Groups): Promise<number>
  /**
   * out[I,I] = the upper U with Uᵀ·U = H⁻¹, zeros below the diagonal; H is the symmetric h[I,I] with `diagonal` in place
   * of its own. Resolves with false, and `out` undefined, when H is not positive definite in f32.
   */
  inverseFactor(out: Tensor, h: Tensor, diagonal: Tensor): Promise<boolean>
  /**
   * SparseGPT's sweep over one block of columns, in place (methods.md 3.1, step 5). Without `groups` the mask says what
   * goes; with them the mask is chosen on the way, from the updated weights. Pruned entries become +0. Then all later
   * columns take the block's errors. Resolves with Σ (w − q)²/d²/2.
   */
  sparseGptBlock(
    weight: Tensor,
    mask: Tensor,
    factor: InverseFactor,
    columns: Columns,
    groups: Groups | null,
  ): Promise<number>
}
