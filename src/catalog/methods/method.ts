// The row of a pruning method holds everything about it but the arithmetic. Schema, defaults, lint, plan, documentation,
// command line and form read it; the engine has the arithmetic under the same name.
import type { MethodSettings } from './keys.ts'

/** The group in which weights compete (docs/methods.md, "Comparison groups and exact counts"). */
export const scopes = ['tensor', 'row', 'global'] as const
export type Scope = (typeof scopes)[number]

/** Which scores of a group are pruned. exact: the round(s·n) smallest, lower index first. perp: all ≤ sorted[int(n·s)] (authors' code). */
export const selections = ['exact', 'perp'] as const
export type Selection = (typeof selections)[number]

/** The statistic of a linear's inputs that a method needs: nothing, Σ x² of each, or all of XᵀX. */
export type Statistic = 'nothing' | 'norms' | 'hessian'

/** Multiply-adds in f32, and the most bytes in use at one time. */
export interface Cost {
  readonly operations: number
  readonly bytes: number
}

/** The settings of a step that determine its cost. */
export interface CostSettings extends MethodSettings {
  readonly scope?: Scope
  readonly pattern?: string
}

export interface PruneMethod {
  /** Name at the beginning of a sentence. */
  readonly title: string
  /** The score or the objective, as part of a line of Markdown. */
  readonly formula: string
  /** A sentence, for a menu. */
  readonly advice: string
  /** Its publication. */
  readonly paper: string | null
  readonly needs: Statistic
  /** Set if the method draws random numbers. */
  readonly seeded?: true
  /** Groups that a recipe may choose from, the default first; empty if the method has its own group. */
  readonly scopes: readonly Scope[]
  /** Set if it always prunes exact counts: `selection` then has no effect. */
  readonly exactOnly?: true
  /** The method's own group, as it completes "whose group is …". */
  readonly ownGroup?: string
  /** Set if columns are handled in blocks of `block_size`, which N:M groups must not straddle. */
  readonly columnBlocks?: true
  /** Set if the method inverts its Hessian. With fewer tokens than inputs, only dampening makes the Hessian invertible. */
  readonly inverts?: true
  /** Set if the method changes kept weights to make up for pruned ones. */
  readonly corrects?: true
  /** Set if the method ends with least squares on its own mask, which `refit` would repeat. */
  readonly fits?: true
  /** Keys of a step that only some methods take, with this one's defaults. */
  readonly keys: MethodSettings
  /** Cost beside the statistics: `shared` once for linears with the same input, `matrix` for each [rows, columns]. */
  readonly cost: {
    shared(columns: number): Cost
    matrix(rows: number, columns: number, settings: CostSettings): Cost
  }
}

/** Columns of a Hessian that a GPU factors at a time. */
export const factorPanelWidth = 1024

/** Bytes of scratch, f32, beside the factor of a Hessian [columns, columns]: a panel of it. A CPU's panels are narrower. */
export function factorScratchBytes(columns: number): number {
  return 4 * columns * Math.min(columns, factorPanelWidth)
}

export const noCost: Cost = { operations: 0, bytes: 0 }

/** Selecting one weight takes about as long as this many multiply-adds of a matrix product. */
const operationsPerChoice = 250

/** Cost of selecting the smallest scores of a matrix, of its rows, or of its N:M groups. */
export function selectionCost(rows: number, columns: number): Cost {
  return { operations: operationsPerChoice * rows * columns, bytes: rows * Math.ceil(columns / 8) }
}
