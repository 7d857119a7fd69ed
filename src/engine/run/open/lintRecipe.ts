// What lint says of a recipe that has been read, beside its model, data and output: for runs, dry runs and sweeps alike.
import type { LintResult } from '../../../lint/lint.ts'
import type { LintFacts } from '../../../recipe/facts.ts'
import { lintText, type LintTextOptions } from '../../facts/recipeFacts.ts'
import { recipeYaml, type RecipeFile } from './recipeFile.ts'

export type LintRecipeOptions = Pick<LintTextOptions, 'gpu' | 'memoryBytes'>

/** The findings of `sparsescope lint` for the file as it is, or as it would be with the settings and values of the run in it. */
export async function lintRecipe(
  { text, written, folder, recipe, disabled }: RecipeFile,
  options: LintRecipeOptions = {},
): Promise<LintResult & { facts: LintFacts | null }> {
  if (text !== null) return lintText(text, { ...options, folder })
  const severities = Object.fromEntries(disabled.map((rule) => [rule, 'off' as const]))
  const result = await lintText(recipeYaml(recipe), { ...options, folder, severities })
  return { ...result, findings: [...written, ...result.findings] }
}

/** Messages of errors and warnings, each once. A run says an error as a warning where it can compute all the same. */
export async function warningsOf(file: RecipeFile, options: LintRecipeOptions): Promise<string[]> {
  const { findings } = await lintRecipe(file, options)
  const told = findings.filter(({ severity }) => severity === 'error' || severity === 'warning')
  return [...new Set(told.map(({ message }) => message))]
}
