// What a recipe would do, from its text and the headers of the files that it names.
import { dirname, resolve } from 'node:path'
import { lintText } from '../engine/facts/lintFile.ts'
import { planRecipe } from '../shared/plan/planRecipe.ts'
import type { PlanSummary } from '../shared/protocol/plan.ts'
import { EngineError } from '../engine/errors.ts'

/** `gpu`: whether there is one, null when nobody has looked yet. Paths in the result are absolute. */
export async function planText(recipe: string, text: string, gpu: boolean | null): Promise<PlanSummary> {
  const folder = dirname(recipe)
  const { context, facts, findings } = await lintText(text, { folder, gpu })
  if (!facts) {
    const first = findings.find((f) => f.severity === 'error')
    throw new EngineError('bad-recipe', first ? first.message : 'This is no SparseScope recipe.')
  }
  const plan = planRecipe(recipe, context.resolved, facts, findings)
  const at = (path: string) => resolve(folder, path)
  return { ...plan, model: at(plan.model), saveTo: plan.saveTo === null ? null : at(plan.saveTo) }
}
