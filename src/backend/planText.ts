// The plan of a recipe as it is being written.
import { dirname, resolve } from 'node:path'
import { modelPath } from '../engine/checkpoint/hubCache.ts'
import { EngineError } from '../engine/errors.ts'
import { lintText } from '../engine/facts/lintFile.ts'
import { isTraining } from '../recipe/resolve.ts'
import { trainBudgets } from '../plan/trainBudgets.ts'
import { planRecipe } from '../plan/planRecipe.ts'
import type { PlannedText } from '../plan/planSummary.ts'
import type { ParamsOf } from '../protocol/parameters.ts'

/** `gpu`: whether there is one, null when nobody has looked yet. Paths in the result are absolute. */
export async function planText({ recipe, text }: ParamsOf<'plan'>, gpu: boolean | null): Promise<PlannedText> {
  const folder = dirname(recipe)
  const { context, facts, findings } = await lintText(text, { folder, gpu })
  if (!facts) {
    const first = findings.find((f) => f.severity === 'error')
    throw new EngineError('bad-recipe', first ? first.message : 'This is no SparseScope recipe.')
  }
  const plan = planRecipe(recipe, context.resolved, facts, findings)
  const at = (path: string) => resolve(folder, path)
  const problems = findings.flatMap(({ severity, message, range }) =>
    severity === 'error' || severity === 'warning' ? [{ severity, message, line: range.start.line }] : [],
  )
  const saveTo = plan.saveTo === null ? null : at(plan.saveTo)
  const config = facts.model?.modelConfig
  const pruned = plan.rows.reduce((sum, { parameters, sparsity }) => sum + Math.round(parameters * sparsity), 0)
  const budgets = context.resolved.recover.map(({ mode }) =>
    config && isTraining(mode) ? trainBudgets(config, mode, pruned) : [],
  )
  return { ...plan, budgets, model: modelPath(folder, plan.model), saveTo, problems }
}
