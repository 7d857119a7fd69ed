// Recipes on disk: a run's own in its folder, those that a sweep has planned, and the one in the note beside a checkpoint. They are not
// trusted: a recipe that is too long or invalid counts as unknown.
import { isAbsolute, join, posix, resolve } from 'node:path'
import { readDocument } from '../../recipe/document.ts'
import { withSetting } from '../../recipe/overrides.ts'
import { resolveRecipe, writtenRecipe } from '../../recipe/resolve.ts'
import { recipeSchema } from '../../recipe/schema.ts'
import type { Settings } from '../../recipe/sweep/settings.ts'
import { fieldsOf, isRecord } from '../../catalog/formats/json.ts'
import { readOwn } from '../../system/ownFile.ts'
import type { RunFolder } from './runFolder.ts'
import type { SweepFolder } from './sweepFolder.ts'
import { noteName } from '../../catalog/formats/checkpointFormats.ts'

/** Most characters of a recipe, since those of hundreds of runs are kept. */
const longest = 2 ** 16

/** The resolved recipe in a report.json, its paths as written; null: there is none. */
export function recipeInReport(report: unknown): object | null {
  const { recipe } = fieldsOf(report)
  return isRecord(recipe) && JSON.stringify(recipe).length <= longest ? recipe : null
}

/** The recipe that a run keeps, which has all defaults; its paths absolute. */
export async function recipeOfRun({ recipe, path }: RunFolder): Promise<object | null> {
  const value = await readYaml(recipe)
  return value && withPaths(value, path)
}

/** A sweep's recipes with the defaults that are known without model and data. */
export async function plannedRecipes(
  { recipe, path }: SweepFolder,
  { base, runs }: { readonly base: string; readonly runs: readonly { readonly settings: Settings }[] },
): Promise<(object | null)[]> {
  const { sweep: _, ...value } = (await readYaml(recipe)) ?? {}
  const parsed = recipeSchema.safeParse(value)
  if (!parsed.success) return runs.map(() => null)
  const common = withPaths(writtenRecipe(resolveRecipe(parsed.data)), join(path, base))
  return runs.map(({ settings }) => {
    const changed = Object.entries(settings).reduce<unknown>((one, [at, to]) => withSetting(one, at, to), common)
    return isRecord(changed) ? changed : null
  })
}

async function readYaml(path: string): Promise<Record<string, unknown> | null> {
  const text = await readOwn(path, longest).catch(() => '')
  const { value, problems } = readDocument(text)
  return problems.length === 0 && isRecord(value) ? value : null
}

const pathKeys = new Set(['model', 'data', 'init', 'dense', 'adapter', 'out', 'to', 'pruned'])

/** A copy with absolute paths: recipes in different folders then name the same file alike. */
function withPaths(value: object, folder: string): object {
  const of = (key: string, inner: unknown): unknown => {
    if (typeof inner === 'string') return pathKeys.has(key) && !inner.startsWith('hf:') ? resolve(folder, inner) : inner
    if (Array.isArray(inner)) return inner.map((item) => of(key, item))
    return isRecord(inner) ? withPaths(inner, folder) : inner
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, of(key, inner)]))
}

const largestNote = 64 * 2 ** 20
/** An arbitrary folder, deeper than the paths of recipes go up. */
const somewhere = '/a/b/c/d/e/f/g/h/i/j/k/l'

/** The source of a checkpoint, from the note that a run left beside it: for showing and opening, never for writing. */
export interface Source {
  /** Path of its source, or a name of the Hub. */
  readonly model: string
  /** Whether nothing was recovered. */
  readonly onlyPruned: boolean
}

/** null: no run of ours made it, or its source is not known. */
export async function sourceOf(folder: string): Promise<Source | null> {
  try {
    return madeFrom(JSON.parse(await readOwn(join(folder, noteName), largestNote)) as unknown, folder)
  } catch {
    return null
  }
}

/** The note's paths are relative to the recipe's folder, which is unknown. The path from `save.to` to the model does not depend on it. */
export function madeFrom(note: unknown, folder: string): Source | null {
  const recipe = fieldsOf(fieldsOf(note).recipe)
  const { model, recover } = recipe
  const { to } = fieldsOf(recipe.save)
  if (typeof model !== 'string' || model === '' || model.includes('\0')) return null
  const onlyPruned = recover === undefined || (Array.isArray(recover) && recover.length === 0)
  if (model.startsWith('hf:') || isAbsolute(model)) return { model, onlyPruned }
  if (typeof to !== 'string' || isAbsolute(to)) return null
  const path = posix.relative(posix.resolve(somewhere, to), posix.resolve(somewhere, model))
  return { model: join(folder, path), onlyPruned }
}
