// Reads a recipe from disk; a very long one in a thread.
import { resolve } from 'node:path'
import type { PlanSummary } from '../../../plan/planSummary.ts'
import { maxRecipeBytes, readSmallFile } from '../../checkpoint/smallFile.ts'
import { planOfText } from './dryRun.ts'
import { type LintRecipeOptions, parseFile, type RecipeFile, warningsOf } from './recipeFile.ts'
import { inRecipeThread, shortRecipe } from './recipeThread.ts'

/**
 * Reads and validates. `settings` are `path=value` as in `run --set recover.steps=10`.
 * @throws EngineError 'not-found', 'bad-recipe' with file, line and column, or 'usage' for a setting.
 */
export async function readRecipe(
  path: string,
  settings: readonly string[] = [],
  signal?: AbortSignal,
): Promise<RecipeFile> {
  const full = resolve(path)
  const text = await readSmallFile(full, maxRecipeBytes, 'bad-recipe')
  if (text.length > shortRecipe) return inRecipeThread('read', [full, text, settings], signal)
  return parseFile(full, text, settings)
}

/** All that lint warns of, beside model, data and output, but for hints. */
export async function warningsOfRecipe(
  file: RecipeFile,
  options: LintRecipeOptions,
  signal?: AbortSignal,
): Promise<string[]> {
  const { length } = file.text ?? JSON.stringify(file.recipe)
  return length > shortRecipe ? inRecipeThread('warnings', [file, options], signal) : warningsOf(file, options)
}

/** Modules, trainable set, estimates, and what is wrong. @throws EngineError for a recipe or model that cannot be read. */
export async function planOfRecipe(
  path: string,
  settings: readonly string[],
  memoryBytes?: number,
  signal?: AbortSignal,
): Promise<PlanSummary> {
  const full = resolve(path)
  const text = await readSmallFile(full, maxRecipeBytes, 'bad-recipe')
  const args = [path, text, settings, memoryBytes] as const
  return text.length > shortRecipe ? inRecipeThread('plan', [...args], signal) : planOfText(...args)
}
