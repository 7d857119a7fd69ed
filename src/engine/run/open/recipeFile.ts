// Reads a recipe from disk, with settings from the command line, defaults filled in and paths made absolute.
import { dirname, relative, resolve, sep } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { Document, type ScalarTag, type Tags, visit } from 'yaml'
import { parseSetting, withSetting } from '../../../recipe/overrides.ts'
import { disabledRules, findRule, type LintResult, type ParsedRecipe, parseRecipe } from '../../../lint/lint.ts'
import { mapFiles } from '../../../recipe/dataFiles.ts'
import type { Finding } from '../../../recipe/finding.ts'
import { type ResolvedRecipe, writtenRecipe, type WrittenRecipe } from '../../../recipe/resolve.ts'
import type { Recipe } from '../../../recipe/schema.ts'
import { isHubName } from '../../checkpoint/hubCache.ts'
import { maxRecipeBytes, readSmallFile } from '../../checkpoint/regularFile.ts'
import { EngineError } from '../../errors.ts'
import type { LintFacts } from '../../../recipe/facts.ts'
import { lintText, type LintTextOptions } from '../../facts/recipeFacts.ts'
import { numberText } from '../../../recipe/edits.ts'
import { doJob } from './recipeThread.ts'

export interface RecipeFile {
  readonly path: string
  /** Paths of the recipe are relative to it. */
  readonly folder: string
  readonly recipe: Recipe
  /** The recipe's text; null where settings or the values of a sweep's run have changed the recipe. */
  readonly text: string | null
  /** Findings about how the text is written and about its sweep, which a run of the sweep does not show. */
  readonly written: readonly Finding[]
  /** Rules that comments in its text switch off. */
  readonly disabled: readonly string[]
}

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
  return doJob('read', parseFile, [full, text, settings], text.length, signal)
}

/** `readRecipe` of a text that has been read. */
export function parseFile(full: string, text: string, settings: readonly string[]): RecipeFile {
  const parsed = parseRecipe(text)
  const { recipe, findings } = parsed
  const wrong = findings.find((finding) => finding.severity === 'error')
  if (!recipe || wrong) {
    const { line, character } = wrong?.range.start ?? { line: 0, character: 0 }
    throw new EngineError('bad-recipe', `${full}:${line + 1}:${character + 1}: ${wrong?.message ?? 'not a recipe'}`)
  }
  const written = findings.filter(({ name }) => findRule(name)?.needs === 'text')
  const file = { path: full, folder: dirname(full), disabled: disabledRules(text) }
  if (settings.length === 0) return { ...file, recipe, text, written: [...written, ...ofSweep(parsed)] }
  const changed = withSettings(recipe, settings)
  return { ...file, recipe: changed.recipe, text: null, written: [...written, ...ofSweep(changed)] }
}

function ofSweep({ document, findings }: ParsedRecipe): Finding[] {
  const { start } = document.rangeOf(['sweep'], 'key')
  const isThere = document.pairAt(['sweep']) !== null
  return findings.filter(({ range }) => isThere && isDeepStrictEqual(range.start, start))
}

function withSettings(written: Recipe, settings: readonly string[]): ParsedRecipe & { recipe: Recipe } {
  const parsed = parseRecipe(JSON.stringify(settings.reduce<unknown>(applySetting, written)))
  const { recipe, findings } = parsed
  const wrong = findings.find((finding) => finding.severity === 'error')
  if (!recipe || wrong)
    throw new EngineError('usage', `--set ${settings.join(' --set ')}: ${wrong?.message ?? 'not a valid recipe then'}`)
  return { ...parsed, recipe }
}

function applySetting(recipe: unknown, text: string): unknown {
  const setting = parseSetting(text)
  if (!setting)
    throw new EngineError(
      'usage',
      `--set ${text}: expected path=value, as in --set recover.steps=100 or prune.0.sparsity=0.6`,
    )
  const changed = withSetting(recipe, setting.path, setting.value)
  if (changed === null)
    throw new EngineError('usage', `--set ${text}: the recipe has no place ${setting.path}; lists count from 0`)
  return changed
}

/** @throws EngineError 'bad-recipe' for a recipe of several runs. */
export function refuseSweep({ path, recipe }: Pick<RecipeFile, 'path' | 'recipe'>): void {
  if (recipe.sweep)
    throw new EngineError(
      'bad-recipe',
      `${path} has a sweep, which is more than one run; use sparsescope sweep run ${path}`,
    )
}

/** The recipe with `change` applied to every path. */
export function mapPaths(recipe: ResolvedRecipe, change: (path: string) => string): ResolvedRecipe {
  const { calibration, recover, save } = recipe
  return {
    ...recipe,
    model: change(recipe.model),
    ...(calibration && { calibration: { ...calibration, data: mapFiles(calibration.data, change) } }),
    recover: recover.map((one) => ({
      ...one,
      ...(one.data !== undefined && { data: mapFiles(one.data, change) }),
      ...(one.dense !== undefined && { dense: change(one.dense) }),
      ...(one.adapter !== undefined && { adapter: change(one.adapter) }),
      lora: { ...one.lora, init: one.lora.init === null ? null : change(one.lora.init) },
    })),
    evaluate: recipe.evaluate.map((evaluation) => ({
      ...evaluation,
      ...(evaluation.data !== undefined && { data: change(evaluation.data) }),
      ...(evaluation.out !== undefined && { out: change(evaluation.out) }),
    })),
    ...(save && {
      save: { ...save, to: change(save.to), ...(save.pruned !== undefined && { pruned: change(save.pruned) }) },
    }),
  }
}

/** A path relative to the recipe's folder: as the user wrote it, or nearly. */
export function shownPath(base: string, path: string): string {
  if (isHubName(path)) return path
  return relative(base, path).replaceAll('\\', '/') || '.'
}

/** The recipe's text for the run folder, with paths relative to that folder. */
export function recipeText(absolute: ResolvedRecipe, folder: string): string {
  const moved = mapPaths(absolute, (path) => (isHubName(path) ? path : relative(folder, path).replaceAll(sep, '/')))
  return `# The recipe of this run with all defaults filled in. Paths are relative to this folder.\n${recipeYaml(writtenRecipe(moved))}`
}

/** A recipe as YAML; strings that YAML 1.1 readers take for numbers (2:4) or truth values are quoted. */
export function recipeYaml(recipe: Recipe | WrittenRecipe): string {
  const document = new Document(recipe, { version: '1.1', customTags })
  quoteOctals(document)
  return document.toString()
}

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

/** Messages of lint for a recipe with its model, data and output, without hints. */
export async function warningsOfRecipe(
  file: RecipeFile,
  options: LintRecipeOptions,
  signal?: AbortSignal,
): Promise<string[]> {
  const { length } = file.text ?? JSON.stringify(file.recipe)
  return doJob('warnings', warningsOf, [file, options], length, signal)
}

/** Messages of lint's errors and warnings, each once. A run that can compute despite such an error reports it as a warning. */
export async function warningsOf(file: RecipeFile, options: LintRecipeOptions): Promise<string[]> {
  const { findings } = await lintRecipe(file, options)
  const told = findings.filter(({ severity }) => severity === 'error' || severity === 'warning')
  return [...new Set(told.map(({ message }) => message))]
}

// YAML that PyYAML (YAML 1.1) and this program (YAML 1.2) read as the same values.
/** PyYAML reads `1e-7` as a string. */
const everyonesNumber: ScalarTag = {
  tag: 'tag:yaml.org,2002:float',
  default: true,
  identify: (value) => typeof value === 'number',
  // The tag is for writing only.
  test: /$^/,
  resolve: Number,
  stringify: ({ value }) => numberText(value as number),
}

/** Option of a document that is written. */
export const customTags = (tags: Tags): Tags => [everyonesNumber, ...tags]

/** Quotes strings that YAML 1.2 reads as octal numbers (`0o17`), since a YAML 1.1 document leaves them plain. */
function quoteOctals(document: Document): void {
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'string' && /^0o[0-7]+$/.test(node.value)) node.type = 'QUOTE_DOUBLE'
    },
  })
}
