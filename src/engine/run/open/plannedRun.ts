// The shared plan at the engine's edge: what it refuses is an error with a code here.
import { viewModel } from '../../../plan/modelView.ts'
import { findingLine } from '../../../plan/planFinding.ts'
import { planRun, type RunPlan } from '../../../plan/runPlan.ts'
import type { ResolvedRecipe } from '../../../recipe/resolve.ts'
import { EngineError } from '../../errors.ts'
import type { Model } from '../../model/model.ts'

/** @throws EngineError 'bad-recipe': what is missing, or cannot be done with this model. */
export function plannedRun(recipe: ResolvedRecipe, { config }: Model): RunPlan {
  const { plan, findings } = planRun(recipe, viewModel(config))
  const refused = findings.find((finding) => finding.refused)
  if (refused) throw new EngineError('bad-recipe', findingLine(recipe, refused))
  if (!plan) throw new Error('internal: a plan that nothing refuses is missing')
  return plan
}
