// The plan of a recipe, computed before anything runs: the trainable map and the estimates draw from this.
import type { Subset } from '../catalog/adapters/subsets.ts'
import type { Role } from '../catalog/families/tensorRoles.ts'

export interface PlanRow {
  /** Name of the parameter in the checkpoint. */
  name: string
  role: Role
  block: number | null
  module: string
  /** [O, I] of a matrix, whatever the file stores. */
  shape: readonly number[]
  /** Whether the file stores it as [I, O]. */
  transposed: boolean
  parameters: number
  /** Share of it that the recipe prunes, as known before the run; 0: none. */
  sparsity: number
  /** Numbers that the optimiser would change: the parameter's own, or its adapter's. */
  trainable: number
  /** Whether the run prunes it. */
  pruned: boolean
  /** "bias", "norm", "mask_lora", …; null when frozen. */
  by: string | null
}

/** One of the recipe's recoveries. */
export interface RecoverySummary {
  /** Its path in the recipe: `recover`, or `recover.1` of several. */
  place: string
  mode: string
  train: string[]
  /** The rank of its adapter, or of the update of the head. */
  rank: number
  trainable: number
  /** 100 · trainable / parameters as the paper counts them. */
  percentage: number
  /** The rows that it trains, with what it trains of them. */
  trains: Pick<PlanRow, 'name' | 'trainable' | 'by'>[]
}

/** An error or a warning. `field`: path of the form's field for its setting, or `recipe` if there is none. */
export interface PlannedProblem {
  severity: 'error' | 'warning'
  message: string
  field: string
}

/** The plan of a text that the user is writing. */
export interface PlannedText extends PlanSummary {
  problems: PlannedProblem[]
  /** For each recovery, choices of what to train, from few to many numbers; empty for a recovery that trains nothing. */
  budgets: TrainBudget[][]
}

/** A choice of what to train, and the numbers that it gives. */
export interface TrainBudget {
  /** In a few words, such as `MaskLoRA 16`. */
  name: string
  train: Subset[]
  /** null if nothing in `train` has a rank. */
  rank: number | null
  /** Numbers that training can change; pruned weights are not counted. */
  count: number
  /** 100 · count / parameters. */
  percentage: number
}

export interface PlannedSpread {
  name: string
  sparsity: number
  /** Sparsities of the first and the last block; null where they are known only when it runs, or without a model. */
  ends: readonly [number, number] | null
  /** Values that the run tries. */
  tries: readonly number[]
}

export interface PlanSummary {
  recipe: string
  model: string
  /** Modes of several recoveries as `refit → retrain`; null when the recipe only prunes. */
  mode: string | null
  /** Subsets that any recovery trains. */
  train: string[]
  recoveries: RecoverySummary[]
  /** Each parameter as the recovery that trains most of it trains it. */
  rows: PlanRow[]
  parameters: number
  /** Trained numbers of the recovery that trains most. */
  trainable: number
  /** 100 · trainable / parameters as the paper counts them. */
  percentage: number
  prunedModules: number
  /** Steps whose one sparsity, their mean, is spread over the blocks. */
  allocations: PlannedSpread[]
  estimates: {
    memoryBytes: number
    diskBytes: number
    /** A rough figure, from the number of operations. */
    seconds: number | null
    /** The part of `seconds` for pruning once more: a run that recovers block by block does so if it needs the pruned model. */
    secondsToPruneAgain: number
  }
  /** One sentence each, worst first. */
  warnings: string[]
  /** Errors that keep the recipe from running. */
  errors: string[]
  saveTo: string | null
}
