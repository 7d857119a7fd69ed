// What a run would do, found out without doing it.
import { resolve } from 'node:path'
import { planRecipe } from '../../../shared/plan/planRecipe.ts'
import type { PlanSummary } from '../../../shared/protocol/plan.ts'
import { noFacts } from '../../../shared/recipe/facts.ts'
import { openCheckpoint } from '../../checkpoint/checkpoint.ts'
import { lintText } from '../../facts/lintFile.ts'
import { openModel } from '../../model/model.ts'
import { readRecipe, recipeYaml } from './recipeFile.ts'

/** Modules, trainable set, estimates, and what is wrong. @throws EngineError for a recipe or model that cannot be read. */
export async function planOfRecipe(
  path: string,
  settings: readonly string[],
  memoryBytes?: number,
): Promise<PlanSummary> {
  const file = await readRecipe(path, settings)
  await requireModel(resolve(file.folder, file.recipe.model))
  // Linted with the settings applied, so that places in the text do not matter.
  const { context, facts, findings } = await lintText(recipeYaml(file.recipe), { folder: file.folder, memoryBytes })
  return planRecipe(path, context.resolved, facts ?? noFacts, findings)
}

/** Without its model there is nothing to plan: the run would be refused, and so is its rehearsal. */
async function requireModel(path: string): Promise<void> {
  const checkpoint = await openCheckpoint(path)
  try {
    openModel(checkpoint)
  } finally {
    await checkpoint.close()
  }
}
