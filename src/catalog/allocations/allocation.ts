// The row of an allocation says how the one sparsity of a pruning step is spread over the blocks. Schema, defaults, lint, plan
// and documentation read it; the engine has its measure, where it has one, under the same name.
import type { Statistic } from '../methods/method.ts'

/** Keys of `<allocation>: {…}`; a row names those it takes, with its defaults. */
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
  /** Statistic of the dense model's inputs that it needs; anything but nothing costs a pass of its own. */
  readonly needs: Statistic
  readonly keys: Readonly<Partial<Record<AllocationKey, number>>>
  /** Keys that may be `auto`: the values that are tried then, all within `most`. */
  readonly tries: Readonly<
    Partial<Record<AllocationKey, (blocks: readonly MeasuredBlock[], sparsity: number) => readonly number[]>>
  >
  /** The spread beyond which some block would lose less than nothing or everything; null where blocks are clamped. */
  readonly most: ((blocks: readonly MeasuredBlock[], sparsity: number) => number) | null
  /** The measure by which the map of a model may be coloured: the number of an analysis that it goes by, and its title. */
  readonly shown: { readonly of: 'outliers'; readonly title: string } | null
  /** Sparsities of the blocks in their order, with the mean `sparsity` over the weights; null where each has that of the recipe. */
  readonly spread: ((blocks: readonly MeasuredBlock[], sparsity: number, settings: SettledSettings) => number[]) | null
}
