// Expands a recipe with a sweep into the recipes of its runs, or says why it cannot.
import { formatCount } from '../../formatting/numbers.ts'
import { normalPath, placeNames } from '../../formatting/paths.ts'
import type { Path } from '../document.ts'
import { withSetting } from '../overrides.ts'
import { type Recipe, recipeSchema } from '../schema.ts'
import { countRuns, settingsOfRuns, sweepWords, sweptPaths } from '../sweepSchema.ts'
import { mostRuns, type NamedSettings, valueText } from './settings.ts'
import { propertiesAt } from '../jsonSchema.ts'
import { nearest } from '../nearest.ts'

export interface SweepRun extends NamedSettings {
  /** Its place among the runs, from 0. */
  readonly index: number
  /** Valid, without `sweep`, saving to a place of its own. */
  readonly recipe: Recipe
}

export interface SweepProblem {
  /** Path in the recipe that has the sweep. */
  readonly at: Path | { readonly key: Path }
  /** A sentence: what is wrong, and how to fix it. */
  readonly message: string
  /** The path that was probably meant by one that the format does not have. */
  readonly meant?: string
}

/** Whether the problem is about a setting or its value, rather than about the sweep as a whole. */
export function isOfSetting({ at }: SweepProblem): boolean {
  return ('key' in at ? at.key : at).length > 1
}

export interface ExpandedSweep {
  /** Empty when there is a problem. */
  readonly runs: readonly SweepRun[]
  readonly problems: readonly SweepProblem[]
}

/** `recipe` is valid; one without `sweep` has no runs and no problem. Never throws. */
export function expandSweep(recipe: Recipe): ExpandedSweep {
  const { sweep, ...base } = recipe
  if (!sweep) return { runs: [], problems: [] }
  const shape = wrongShape(recipe)
  if (shape) return failed([shape])
  const parsedRuns = settingsOfRuns(sweep).map((named) => {
    return { named, parsed: recipeSchema.safeParse(apply(base, Object.entries(named.settings))) }
  })
  // Checked one by one only if a run is invalid: settings that are valid together need not be valid one after the other.
  const settings = parsedRuns.every(({ parsed }) => parsed.success && !parsed.data.sweep)
    ? []
    : [...wrongValues(recipe)]
  if (settings.length > 0) return failed(settings)
  const suffixes = placeNames(parsedRuns.map(({ named }) => named.name))
  const runs = parsedRuns.map(({ named, parsed }, index): SweepRun | SweepProblem => {
    if (parsed.success) return { index, ...named, recipe: withOwnPlaces(parsed.data, named, suffixes[index]) }
    const { path, message } = parsed.error.issues[0]
    return { at: { key: ['sweep'] }, message: `In the run ${named.name}, ${path.join('.')} is wrong: ${message}.` }
  })
  const wrong = runs.filter((run) => 'message' in run)
  if (wrong.length > 0) return failed(wrong)
  const good = runs.filter((run) => 'recipe' in run)
  const shared = [...sharedThings(good)]
  return shared.length > 0 ? failed(shared) : { runs: good, problems: [] }
}

function failed(problems: readonly SweepProblem[]): ExpandedSweep {
  return { runs: [], problems }
}

function apply(recipe: unknown, settings: readonly (readonly [string, unknown])[]): unknown {
  return settings.reduce((changed, [path, value]) => withSetting(changed, path, value), recipe)
}

function wrongShape({ sweep = {} }: Recipe): SweepProblem | null {
  const at = { key: ['sweep'] }
  const [first] = sweptPaths(sweep)
  if (sweep.cases && first !== undefined)
    return {
      at,
      message: `A sweep has cases, or lists such as ${first[0]}, not both: write the values of the lists into the cases.`,
    }
  const runs = countRuns(sweep)
  if (runs === 0)
    return { at, message: 'This sweep varies nothing: name a setting and its values, as in "seed": [0, 1, 2].' }
  if (runs > mostRuns)
    return {
      at,
      message: `This sweep makes ${formatCount(runs)} runs, more than the limit of ${formatCount(mostRuns)}: try fewer values, or several sweeps.`,
    }
  return null
}

/** Checks each value after the settings before it: an error then has the place of the value, not only the run. */
function* wrongValues({ sweep = {}, ...base }: Recipe): Iterable<SweepProblem> {
  if (sweep.cases) {
    for (const [i, { set }] of sweep.cases.entries()) {
      let before: unknown = base
      for (const [path, value] of Object.entries(set)) {
        const problem = problemOf(before, path, value, ['sweep', 'cases', i, 'set', path])
        if (problem) yield problem
        else before = withSetting(before, path, value)
      }
    }
    return
  }
  let before: unknown = base
  for (const [path, values] of sweptPaths(sweep)) {
    const found = values.flatMap((value, i) => problemOf(before, path, value, ['sweep', path], i) ?? [])
    // A path that does not exist is reported once, not once for each value.
    const missing = found.find(({ at }) => 'key' in at)
    yield* missing ? [missing] : found
    if (found.length === 0) before = withSetting(before, path, values[0])
  }
}

/** The problem of a setting in a valid recipe; null if the recipe stays valid with it. */
function problemOf(recipe: unknown, path: string, value: unknown, key: Path, index?: number): SweepProblem | null {
  const keys = path.split('.')
  const sweeps = keys[0] === 'sweep'
  const changed = sweeps ? null : withSetting(recipe, path, value)
  const parsed = changed === null ? null : recipeSchema.safeParse(changed)
  if (parsed?.success) return null
  const parent = keys.slice(0, -1)
  const last = keys[keys.length - 1]
  const known = Object.keys(propertiesAt(parent.map((part) => (/^\d+$/.test(part) ? Number(part) : part))) ?? {})
  if (!sweeps && known.includes(last)) {
    if (!parsed) return { at: { key }, message: `The recipe has no place ${path}; lists count from 0.` }
    // The message of the format's own check, if that is what failed.
    const rule = parsed.error.issues.find(({ code }) => code === 'custom')
    const why = rule ? `: ${rule.path.join('.')}: ${rule.message}` : ''
    return {
      at: index === undefined ? key : [...key, index],
      message: `${valueText(value)} is not valid for ${path}${why}.`,
    }
  }
  const near = sweeps ? null : nearest(last, parent.length === 0 ? [...known, ...sweepWords] : known)
  if (near === null) return { at: { key }, message: `The format has no setting ${path} that could be swept here.` }
  const meant = [...parent, near].join('.')
  return { at: { key }, message: `The format has no setting ${path}: did you mean ${JSON.stringify(meant)}?`, meant }
}

/** Names and output folders identify runs: no two may be the same. */
function* sharedThings(runs: readonly SweepRun[]): Iterable<SweepProblem> {
  const at = { key: ['sweep'] }
  const named = firstTwo(runs, ({ name }) => name)
  if (named)
    yield { at, message: `Two runs are called ${named[0].name}: try each value once, and give each case its own name.` }
  for (const key of ['to', 'pruned'] as const) {
    const placeOf = ({ recipe }: SweepRun) => recipe.save?.[key] ?? null
    const saved = firstTwo(runs, (run) => normalPath(placeOf(run) ?? '') || null)
    if (!saved || named) continue
    const [one, other] = saved
    const message = `${one.name} and ${other.name} would both save to ${placeOf(one)}: give each a place of its own.`
    yield { at, message }
  }
}

function firstTwo(runs: readonly SweepRun[], keyOf: (run: SweepRun) => string | null): [SweepRun, SweepRun] | null {
  const seen = new Map<string, SweepRun>()
  for (const run of runs) {
    const key = keyOf(run)
    const before = key === null ? undefined : seen.get(key)
    if (before) return [before, run]
    if (key !== null) seen.set(key, run)
  }
  return null
}

// Places where the runs of a sweep write: side by side, by their names.
/**
 * `../opt` → `../opt-prune.0.sparsity=0.5`, and likewise for the files of each evaluation. If a run sets a place itself, that place is
 * used unchanged.
 */
export function withOwnPlaces(recipe: Recipe, run: NamedSettings, suffix: string): Recipe {
  const own = (key: string, path: string) => (isSet(run, key) ? path : `${path.replace(/[\\/]+$/, '')}-${suffix}`)
  const { save, evaluate } = recipe
  const pruned = save?.pruned === undefined ? {} : { pruned: own('save.pruned', save.pruned) }
  return {
    ...recipe,
    ...(save && { save: { ...save, to: own('save.to', save.to), ...pruned } }),
    ...(evaluate && {
      evaluate: evaluate.map((entry, i) => ({
        ...entry,
        ...(entry.out !== undefined && { out: own(`evaluate.${i}.out`, entry.out) }),
      })),
    }),
  }
}

/** Whether a run sets this key, or a map that contains it. */
function isSet({ settings }: NamedSettings, key: string): boolean {
  const parts = key.split('.')
  return parts.some((_, i) => parts.slice(0, i + 1).join('.') in settings)
}
