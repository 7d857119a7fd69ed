// The plan of a recipe as it is being written.
import { dirname, resolve } from 'node:path'
import { modelPath } from '../engine/checkpoint/hubCache.ts'
import { EngineError } from '../engine/errors.ts'
import { lintText } from '../engine/facts/lintFile.ts'
import { planRecipe } from '../plan/planRecipe.ts'
import type { PlannedText } from '../plan/planSummary.ts'
import { fieldAt } from '../recipe/settings/recipe.ts'
import type { ParamsOf } from '../protocol/parameters.ts'

/** `gpu`: whether there is one, null when nobody has looked yet. Paths in the result are absolute. */
export async function planText(
  { recipe, text, runFolders }: ParamsOf<'plan'>,
  gpu: boolean | null,
): Promise<PlannedText> {
  const folder = dirname(recipe)
  const { context, facts, findings } = await lintText(text, { folder, gpu, runFolders })
  if (!facts) {
    const first = findings.find((f) => f.severity === 'error')
    throw new EngineError('bad-recipe', first ? first.message : 'This is no SparseScope recipe.')
  }
  const plan = planRecipe(recipe, context.resolved, facts, findings)
  const at = (path: string) => resolve(folder, path)
  const problems = findings.flatMap(({ severity, message, path }) =>
    severity === 'error' || severity === 'warning' ? [{ severity, message, field: fieldAt(path) }] : [],
  )
  const saveTo = plan.saveTo === null ? null : at(plan.saveTo)
  return { ...plan, model: modelPath(folder, plan.model), saveTo, problems }
}
