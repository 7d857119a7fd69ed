// The resolved recipes of runs that are compared: a run's own from its folder, and those that a sweep has planned. They may be
// anybody's: what is too long, or no recipe, counts as unknown.
import { join, resolve } from 'node:path'
import { readDocument } from '../../recipe/document.ts'
import { withSetting } from '../../recipe/overrides.ts'
import { resolveRecipe, writtenRecipe } from '../../recipe/resolve.ts'
import { recipeSchema } from '../../recipe/schema.ts'
import type { Settings } from '../../recipe/sweep/settings.ts'
import { fieldsOf, isRecord } from '../../formatting/records.ts'
import { readOwn } from '../../system/ownFile.ts'
import type { RunFolder } from './runFolder.ts'
import type { SweepFolder } from './sweepFolder.ts'

/** Characters. No more is kept of each of hundreds of runs. */
const longest = 2 ** 16

/** The resolved recipe in a report.json, its paths as a person wrote them; null: there is none. */
export function recipeInReport(report: unknown): object | null {
  const { recipe } = fieldsOf(report)
  return isRecord(recipe) && JSON.stringify(recipe).length <= longest ? recipe : null
}

/** The recipe that a run keeps, which has all defaults; its paths absolute. */
export async function recipeOfRun({ recipe, path }: RunFolder): Promise<object | null> {
  const value = await readYaml(recipe)
  return value && withPaths(value, path)
}

/** A sweep's recipes with their defaults, as far as these are known without model and data. */
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

const pathKeys = new Set(['model', 'data', 'init', 'to', 'dense'])

/** A copy with absolute paths: recipes that lie in different folders name the same file alike. */
function withPaths(value: object, folder: string): object {
  const of = (key: string, inner: unknown): unknown => {
    if (typeof inner === 'string') return pathKeys.has(key) && !inner.startsWith('hf:') ? resolve(folder, inner) : inner
    if (Array.isArray(inner)) return inner.map((item) => of(key, item))
    return isRecord(inner) ? withPaths(inner, folder) : inner
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, of(key, inner)]))
}
