// The row of an allocation says how a pruning step's sparsity is spread over the blocks. Schema, defaults, lint, plan and
// documentation read it. If an allocation measures the model, its measure is in the engine under the same name.
import type { Statistic } from '../methods/method.ts'

/** Keys of `<allocation>: {…}`. A row names the keys that it takes, with its defaults. */
export const allocationKeys = {
  threshold: { about: 'A score above this many times the mean of its block counts as an outlier.', most: 1e6 },
  spread: { about: 'The sparsities of the blocks differ by at most twice this.', most: 0.5 },
} as const satisfies Record<string, { about: string; most: number }>

export type AllocationKey = keyof typeof allocationKeys

/** In place of a number: the run tries several, and takes the one with the lowest loss. */
export const tried = 'auto'

export type AllocationSettings = Readonly<Partial<Record<AllocationKey, number | typeof tried>>>
export type SettledSettings = Readonly<Record<AllocationKey, number>>

/** The linears of a block that a step prunes, as measured. */
export interface MeasuredBlock {
  /** Number of weights. */
  readonly size: number
  /** The allocation's measure; 0 if it has none. */
  readonly value: number
}

export interface Allocation {
  readonly title: string
  /** Its rule, as part of a line of Markdown. */
  readonly about: string
  readonly paper: string | null
  /** Statistic of the dense model's inputs that it needs. Any but 'nothing' costs a pass over the model. */
  readonly needs: Statistic
  readonly keys: Readonly<Partial<Record<AllocationKey, number>>>
  /** For each key that may be `auto`, the values that are then tried, all within `most`. */
  readonly tries: Readonly<
    Partial<Record<AllocationKey, (blocks: readonly MeasuredBlock[], sparsity: number) => readonly number[]>>
  >
  /** Largest spread for which all sparsities are between 0 and 1; null if the allocation has no spread, or clamps sparsities. */
  readonly most: ((blocks: readonly MeasuredBlock[], sparsity: number) => number) | null
  /** Set if the map of a model can be coloured by the measure: `of` is its name in an analysis. */
  readonly shown: { readonly of: 'outliers'; readonly title: string } | null
  /** Sparsities of the blocks in order, whose mean over the weights is `sparsity`; null if each block has the recipe's. */
  readonly spread: ((blocks: readonly MeasuredBlock[], sparsity: number, settings: SettledSettings) => number[]) | null
}
