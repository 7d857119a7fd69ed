// The planned sparsity of every matrix of a model, as a recipe says it: what the map shows as bars, and what may be changed there.
import type { AllocationName } from '../allocations/allocations.ts'
import type { MethodName } from '../methods/methods.ts'

/**
 * How one mean is spread over the matrices: by an allocation of recipes, or as a person drew it (`hand`), which keeps
 * the proportions.
 */
export type PlanRule = 'hand' | AllocationName

/** A matrix inside the blocks. */
export interface PlannedModule {
  /** Module name: the tensor's without `.weight`. */
  name: string
  block: number
  /** Column of the map, as `TensorRow.module`. */
  module: string
  /** Number of weights. */
  parameters: number
  /** Share of its weights that become zero, 0 < s < 1; null: it is left alone. */
  sparsity: number | null
  /** Why the map cannot change it, a sentence; null: it can. */
  fixed: string | null
}

export interface PlannedMap {
  /** File name of the recipe. */
  recipe: string
  /** null where entries differ. */
  method: MethodName | null
  /** "unstructured" or "N:M"; null where entries differ. */
  pattern: string | null
  rule: PlanRule
  /** Rules that this recipe can be spread by now; the others say why not. */
  rules: { rule: PlanRule; problem: string | null }[]
  /** Mean sparsity over the weights of all `modules`; one that is left alone counts as 0. */
  mean: number
  modules: PlannedModule[]
  /** Expected share of the outputs' energy that is lost, 0 to 1, mean over the weights; null where that was not measured. */
  expectedError: number | null
  /** The same with one sparsity for all that are pruned, at the same mean. */
  uniformError: number | null
  /** Estimated time of the run, least and most; null where the machine or the model is not known. */
  seconds: number | null
  /** Estimated memory at most; null where the model is not known. */
  memoryBytes: number | null
  /** What the map cannot show of this recipe, a sentence each. */
  said: string[]
  /** Why nothing can be shown or changed at all, a sentence; `modules` is empty then. */
  problem: string | null
}

/** One change, one step of the editor's undo. Sparsities are shares, 0 to 0.95. */
export type PlanChange =
  /** null: left alone. */
  | { kind: 'set'; names: string[]; sparsity: number | null }
  /** Each that is pruned gets so much more, or less, within 0.01 to 0.95: differences among them stay. */
  | { kind: 'shift'; names: string[]; by: number }
  /** All that are pruned, but for those that are locked, get the mean by the rule. */
  | { kind: 'spread'; mean: number; rule: PlanRule }
  /** Every entry prunes by this method; sparsities stay. */
  | { kind: 'method'; method: MethodName }

/** A method of the engine's, and what measuring it in place would take. */
export interface MeasurableMethod {
  method: MethodName
  /** Blocks whose errors are known, of all. */
  measured: number
  blocks: number
  /** Rough time of the blocks that are left; 0: all are measured. */
  seconds: number
}
