// The row of a pruning method: all that anything but the engine knows of it. Schema, defaults, lint, plan, documentation,
// command line, wizard, import and export of foreign recipes read it; the engine has the arithmetic under the same name.
import type { MethodKey, MethodSettings } from './keys.ts'

/** The group in which weights compete (docs/methods.md, "Comparison groups and exact counts"). */
export const scopes = ['tensor', 'row', 'global'] as const
export type Scope = (typeof scopes)[number]

/** exact: round(s·n) of a group go, lower index first. perp: every score ≤ sorted[int(n·s)] (the authors' code). */
export const selections = ['exact', 'perp'] as const
export type Selection = (typeof selections)[number]

/** What a method must have seen of a linear's inputs: nothing, Σ x² of each, or all of XᵀX. */
export type Statistic = 'nothing' | 'norms' | 'hessian'

/** Operations as many as matrix products have, and bytes that are there at one time. */
export interface Cost {
  readonly operations: number
  readonly bytes: number
}

/** Its counterpart in llm-compressor, and in SparseML before it. */
export interface ForeignMethod {
  /** The name to write, then the other names it has had. */
  readonly modifiers: readonly [string, ...string[]]
  /** Modifiers whose weights compete over the whole model. */
  readonly global?: readonly string[]
  /** It takes `mask_structure`; without, N:M has no counterpart there. */
  readonly patterns: boolean
  /** Our key → theirs, the name to write first. */
  readonly keys: Partial<Record<MethodKey, readonly [string, ...string[]]>>
  /** It prunes over a schedule, of which ours is the one step at the end. */
  readonly scheduled?: true
}

export interface PruneMethod {
  /** As a sentence begins with it. */
  readonly title: string
  /** What it computes: part of a line of Markdown. */
  readonly formula: string
  /** A sentence, for a menu. */
  readonly advice: string
  /** Where it was published. */
  readonly paper: string | null
  readonly needs: Statistic
  /** Draws random numbers. */
  readonly seeded?: true
  /** Groups that a recipe may choose from, the default first; none where the method has its own. */
  readonly scopes: readonly Scope[]
  /** Always prunes exact counts: `selection` does not apply. */
  readonly exactOnly?: true
  /** The group that it has of its own, as in "whose group is …". */
  readonly ownGroup?: string
  /** Columns are handled in blocks of `block_size`, which N:M groups must not straddle. */
  readonly columnBlocks?: true
  /** Inverts its Hessian, which with fewer tokens than inputs only the dampening makes possible. */
  readonly inverts?: true
  /** Moves the weights that stay, so that they make up for those that go. */
  readonly corrects?: true
  /** Ends with the least squares on its own mask: what `refit` would do again. */
  readonly fits?: true
  /** Keys of a step that only some methods take, with this one's defaults. */
  readonly keys: MethodSettings
  /** Beside its statistics: what linears with the same input share, and what a matrix [rows, columns] takes by itself. */
  readonly cost: {
    shared(columns: number): Cost
    matrix(rows: number, columns: number, settings: MethodSettings): Cost
  }
  readonly foreign?: ForeignMethod
}

export const noCost: Cost = { operations: 0, bytes: 0 }

/** Choosing one weight takes about as long as so many operations of a product. */
const operationsPerChoice = 500

export function selectionCost(rows: number, columns: number): Cost {
  return { operations: operationsPerChoice * rows * columns, bytes: rows * Math.ceil(columns / 8) }
}
