// Runs side by side, whether a sweep made them or a person chose them.
import type { Settings } from '../../recipe/sweep/settings.ts'
import type { SweepResults, SweepRunState } from './sweepTable.ts'
import type { RunFacts } from './runFacts.ts'

export interface ComparedRun {
  readonly name: string
  /** The shortest name that tells it from the others, in the field's words. */
  readonly label: string
  readonly facts: RunFacts
  /** By path; what does not differ among the compared runs may be left out. */
  readonly settings: Settings
  readonly state: SweepRunState
  readonly results: SweepResults
  /** Trained numbers in percent of the model's. */
  readonly trainablePercent: number | null
}

/** The result does not depend on where it is saved. */
const isOfOutput = (path: string) => path === 'save' || path.startsWith('save.')

/**
 * Settings, by path, that are not the same in all recipes, in the order of the first that has them. A recipe is null
 * when its resolved form is unknown, as of a run without a report; it has no settings, and makes none of the others'
 * vary.
 */
export function varyingSettings(recipes: readonly (object | null)[]): Record<string, unknown>[] {
  const flat = recipes.map((recipe) => new Map(recipe ? leavesOf(recipe, '') : []))
  const known = flat.filter((_, i) => recipes[i] !== null)
  const paths = [...new Set(known.flatMap((one) => [...one.keys()]))].filter((path) => !isOfOutput(path))
  const varying = paths.filter((path) => new Set(known.map((one) => JSON.stringify(one.get(path)))).size > 1)
  return flat.map((one) =>
    Object.fromEntries(varying.flatMap((path) => (one.has(path) ? [[path, one.get(path)]] : []))),
  )
}

/** Maps and lists of maps are gone into; a list of plain values is one value. */
function* leavesOf(value: unknown, path: string): Iterable<[string, unknown]> {
  const isList = Array.isArray(value)
  const isPlain = typeof value !== 'object' || value === null
  if (isPlain || (isList && value.every((item) => typeof item !== 'object'))) yield [path, value]
  else for (const [key, inner] of Object.entries(value)) yield* leavesOf(inner, path === '' ? key : `${path}.${key}`)
}
