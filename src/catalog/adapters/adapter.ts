// The row of an adapter: a reparametrisation of a block linear that merges back into its weight (docs/methods.md, "Adapters").

export interface AdapterRow {
  /** Name at the beginning of a sentence. */
  readonly title: string
  /** Effective weight while it trains. */
  readonly formula: string
  /** A sentence, for a menu. */
  readonly advice: string
  /** Number of trained values for a matrix [rows, columns]. */
  parameters(rows: number, columns: number, rank: number): number
  /** Whether `lora.rank` applies. */
  readonly ranked: boolean
  /** Whether training it forms the whole gradient [rows, columns] of the weight. */
  readonly wholeGradient: boolean
  /** Whether it starts from random matrices, or those of `lora.init`. */
  readonly drawn: boolean
  /** Whether the merge under the mask equals the trained model. If not, it drops what pruned weights learned. */
  readonly exact: boolean
}

/** Number of values in A [rank, columns] and B [rows, rank]. */
export const lowRankParameters = (rows: number, columns: number, rank: number): number => rank * (rows + columns)
