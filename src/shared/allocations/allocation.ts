// The row of an allocation: how the one sparsity of a pruning step is spread over the blocks. Schema, defaults, lint, plan
// and documentation read it; the engine measures what it goes by, under the same name.
import type { Statistic } from '../methods/method.ts'

/** Keys of `<allocation>: {…}`; a row names those it takes, with its defaults. */
export const allocationKeys = {
  threshold: { about: 'A score counts as an outlier above so many times the mean of its block.', most: 1e6 },
  spread: { about: 'The sparsities of the blocks lie within twice this.', most: 0.5 },
} as const satisfies Record<string, { about: string; most: number }>

export type AllocationKey = keyof typeof allocationKeys
export type AllocationSettings = Readonly<Partial<Record<AllocationKey, number>>>

/** What is known of the linears of a block that a step prunes. */
export interface MeasuredBlock {
  /** Weights. */
  readonly size: number
  /** What the allocation measures. */
  readonly value: number
}

export interface Allocation {
  readonly title: string
  /** Part of a line of Markdown. */
  readonly about: string
  readonly paper: string | null
  /** Of the inputs of the dense model; anything but nothing costs a pass of its own. */
  readonly needs: Statistic
  readonly keys: AllocationSettings
  /** llm-compressor's `sparsity_profile` of the same meaning, and its names of our keys. */
  readonly foreign?: { readonly profile: string; readonly keys: Partial<Record<AllocationKey, string>> }
  /** Sparsities of the blocks, in their order; null: each has that of the recipe. Their mean over the weights is `sparsity`. */
  readonly spread:
    ((blocks: readonly MeasuredBlock[], sparsity: number, settings: Required<AllocationSettings>) => number[]) | null
}
