// Plans a run without running it.
import { resolve } from 'node:path'
import { planRecipe } from '../../../plan/planRecipe.ts'
import type { PlanSummary } from '../../../plan/planSummary.ts'
import { noFacts } from '../../../recipe/facts.ts'
import { maxRecipeBytes, readSmallFile } from '../../checkpoint/regularFile.ts'
import { lintRecipe, parseFile } from './recipeFile.ts'
import { checkRecipe } from './checkRecipe.ts'
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
  // A dry run refuses what the run would refuse.
  await (await checkRecipe(file)).source.close()
  const { context, facts, findings } = await lintRecipe(file, { memoryBytes })
  return planRecipe(path, context.resolved, facts ?? noFacts, findings)
}
