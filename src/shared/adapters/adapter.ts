// The row of an adapter: a reparametrisation of a block linear that merges back into its weight (docs/methods.md, "Adapters").

export interface AdapterRow {
  /** As a sentence begins with it. */
  readonly title: string
  /** The weight while it trains. */
  readonly formula: string
  /** A sentence, for a menu. */
  readonly advice: string
  /** Numbers that train for a matrix [rows, columns]. */
  parameters(rows: number, columns: number, rank: number): number
  /** `lora.rank` sets how much it can express. */
  readonly ranked: boolean
  /** Starts at drawn matrices, or those that `lora.init` gives. */
  readonly drawn: boolean
  /** Merged under the mask it is what was trained; otherwise the merge drops what it learnt on pruned weights. */
  readonly exact: boolean
  /** Its names in the configurations of other tools. */
  readonly foreign: readonly string[]
}

/** A [rank, columns] and B [rows, rank]. */
export const lowRankParameters = (rows: number, columns: number, rank: number): number => rank * (rows + columns)
