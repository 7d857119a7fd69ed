// The shared plan at the engine's edge: what it refuses is an error with a code here.
import { PlanError } from '../../../shared/plan/planError.ts'
import { planRun, type RunPlan } from '../../../shared/plan/runPlan.ts'
import type { ResolvedRecipe } from '../../../shared/recipe/resolve.ts'
import { EngineError } from '../../errors.ts'
import type { Model } from '../../model/model.ts'

/** @throws EngineError 'bad-recipe': what is missing, or cannot be done with this model. */
export function plannedRun(recipe: ResolvedRecipe, { config }: Model): RunPlan {
  try {
    return planRun(recipe, config)
  } catch (error) {
    if (error instanceof PlanError) throw new EngineError('bad-recipe', error.message, { cause: error })
    throw error
  }
}
