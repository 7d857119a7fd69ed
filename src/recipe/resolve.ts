// A recipe with every default filled in. The result is itself a valid recipe, so a run folder can keep it.
import { isMeasured, isTried, type AllocationName } from '../catalog/allocations/allocations.ts'
import { needsData } from '../catalog/methods/methods.ts'
import type { Recipe } from './schema.ts'
import { pruneRows } from './settings/prune.ts'
import {
  recipeRows,
  type PruneStep,
  type ResolvedPruneStep,
  type ResolvedRecover,
  type Surroundings,
} from './settings/recipe.ts'
import { resolveRows, type Resolved } from './settings/row.ts'

export type { IdShape } from './settings/calibration.ts'
export { recoveriesOf } from './settings/recipe.ts'
export type { ResolvedEvaluation, ResolvedPruneStep, ResolvedRecover, Surroundings } from './settings/recipe.ts'

export type ResolvedRecipe = Resolved<typeof recipeRows>

export function resolveRecipe(recipe: Recipe, known: Surroundings = {}): ResolvedRecipe {
  return resolveRows(recipeRows, recipe, known)
}

/** Fills in the defaults of the method. */
export function resolvePruneStep(step: PruneStep): ResolvedPruneStep {
  return resolveRows(pruneRows, step, {})
}

/** A resolved recipe in the form that a person would write: without a list around a single recovery. */
export type WrittenRecipe = Omit<ResolvedRecipe, 'recover'> & { recover?: ResolvedRecover | ResolvedRecover[] }

export function writtenRecipe({
  version,
  model,
  prune,
  calibration,
  seed,
  recover,
  ...rest
}: ResolvedRecipe): WrittenRecipe {
  const written = recover.length === 1 ? recover[0] : recover
  return {
    version,
    model,
    prune,
    ...(calibration && { calibration }),
    seed,
    ...(recover.length > 0 && { recover: written }),
    ...rest,
  }
}

/** The setting of the `index`-th recovery as a person writes its path: `recover`, or `recover.1` of several. */
export function recoveryPlace({ recover }: Pick<ResolvedRecipe, 'recover'>, index: number): string {
  return recover.length > 1 ? `recover.${index}` : 'recover'
}

/** Whether the step's method, swaps or allocation use calibration inputs. */
export function stepNeedsData(
  step: Pick<ResolvedPruneStep, 'method' | 'swaps' | 'allocation' | AllocationName>,
): boolean {
  return needsData(step.method) || swapsWeights(step) || decidesInRun(step)
}

export function swapsWeights({ swaps }: Pick<ResolvedPruneStep, 'swaps'>): boolean {
  return swaps !== undefined && swaps !== 0
}

/** Whether the sparsities of its blocks are known only when it runs. */
export function decidesInRun(step: Pick<ResolvedPruneStep, 'allocation' | AllocationName>): boolean {
  return isMeasured(step.allocation) || isTried(step[step.allocation])
}

/** Sparsity of one block: a list's values lie evenly over the depth, linear in between. */
export function sparsityOfBlock(sparsity: number | readonly number[], block: number, numBlocks: number): number {
  if (typeof sparsity === 'number') return sparsity
  const at = numBlocks > 1 ? (block / (numBlocks - 1)) * (sparsity.length - 1) : 0
  const low = Math.floor(at)
  const high = Math.min(low + 1, sparsity.length - 1)
  return sparsity[low] + (sparsity[high] - sparsity[low]) * (at - low)
}
