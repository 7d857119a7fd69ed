// Plans a run without running it.
import { resolve } from 'node:path'
import { planRecipe } from '../../../plan/planRecipe.ts'
import type { PlanSummary } from '../../../plan/planSummary.ts'
import { noFacts } from '../../../recipe/facts.ts'
import { openCheckpoint } from '../../checkpoint/checkpoint.ts'
import { modelPath } from '../../checkpoint/hubCache.ts'
import { maxRecipeBytes, readSmallFile } from '../../checkpoint/regularFile.ts'
import { openModel, type Model } from '../../model/model.ts'
import { lintRecipe, parseFile, refuseSweep } from './recipeFile.ts'
import { checkMerged } from './givenAdapters.ts'
import { checkGguf, planOrRefuse } from './checkRecipe.ts'
import { doJob } from './recipeThread.ts'

/** Modules, trainable set, estimates, and what is wrong. @throws EngineError for a recipe or model that cannot be read. */
export async function planOfRecipe(
  path: string,
  settings: readonly string[],
  memoryBytes?: number,
  signal?: AbortSignal,
): Promise<PlanSummary> {
  const text = await readSmallFile(resolve(path), maxRecipeBytes, 'bad-recipe')
  return doJob('plan', planOfText, [path, text, settings, memoryBytes], text.length, signal)
}

/** `planOfRecipe` of a text that has been read. */
export async function planOfText(
  path: string,
  text: string,
  settings: readonly string[],
  memoryBytes?: number,
): Promise<PlanSummary> {
  const file = parseFile(resolve(path), text, settings)
  refuseSweep(file)
  const model = await modelAt(modelPath(file.folder, file.recipe.model))
  const { context, facts, findings } = await lintRecipe(file, { memoryBytes })
  // The rehearsal refuses what the run would refuse.
  const { recoveries } = planOrRefuse(context.resolved, model)
  for (const { settings } of recoveries) {
    const { adapter } = settings
    if (adapter !== undefined) await checkMerged({ ...settings, adapter: modelPath(file.folder, adapter) }, model)
  }
  await checkGguf(context.resolved, model)
  return planRecipe(path, context.resolved, facts ?? noFacts, findings)
}

/** The model as its headers describe it; its files are closed. Without its model a plan is impossible. */
async function modelAt(path: string): Promise<Model> {
  const checkpoint = await openCheckpoint(path)
  try {
    return openModel(checkpoint)
  } finally {
    await checkpoint.close()
  }
}
