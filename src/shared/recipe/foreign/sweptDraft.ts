// Lists of values as a sweep: as lists where each value has a place of its own, else as cases, since one value may change what
// others mean, as N:M leaves a sparsity without one.
import { mostRuns } from '../../sweep/settingsOfRuns.ts'
import { nameOf } from '../../sweep/settings.ts'
import { withSetting } from '../overrides.ts'
import { withoutUndefined, type Draft } from './convert.ts'
import type { Json, JsonMap } from './dialect.ts'

export interface SweptLists {
  /** Of everything that has one value only. */
  readonly fixed: JsonMap
  readonly lists: readonly (readonly [key: string, values: readonly Json[]])[]
  /** Where a value stands in a recipe, for keys that have such a place. */
  readonly places: Readonly<Record<string, string>>
  readonly draftOf: (one: JsonMap) => Draft
}

/** Parts of a recipe that cases may set. */
const parts = ['model', 'prune', 'calibration', 'seed', 'recover'] as const

/** null: more runs than a sweep has. Lists without an effect are left out. */
export function sweptDraft({ fixed, lists, places, draftOf }: SweptLists): Draft | null {
  if (lists.reduce((count, [, values]) => count * values.length, 1) > mostRuns) return null
  const draft = (one: JsonMap) => draftOf({ ...fixed, ...one })
  const isSame = (a: Draft, b: Draft) => JSON.stringify(a) === JSON.stringify(b)
  const matters = (one: JsonMap, key: string, values: readonly Json[]) =>
    values.some((value) => !isSame(draft({ ...one, [key]: value }), draft(one)))
  const all = combinations(lists)
  const effective = lists.filter(([key, values]) => all.some((one) => matters(one, key, values)))
  const runs = combinations(effective).map((one) => ({
    one: { ...firstOf(lists), ...one },
    draft: draft({ ...firstOf(lists), ...one }),
  }))
  if (effective.length === 0) return runs[0].draft
  // What only some of them need does the others no harm.
  const calibration = runs.find((run) => run.draft.calibration !== undefined)?.draft.calibration
  const base: Draft = { ...runs[0].draft, calibration }
  const fits = runs.every((run) => {
    const set = effective.reduce<unknown>(
      (recipe, [key]) => (Object.hasOwn(places, key) ? withSetting(recipe, places[key], run.one[key]) : null),
      base,
    )
    return set !== null && isSame(set as Draft, { ...run.draft, calibration })
  })
  if (fits) return { ...base, sweep: Object.fromEntries(effective.map(([key, values]) => [places[key], [...values]])) }
  const common = Object.fromEntries(
    parts.map((part) => [part, runs.every((run) => run.draft[part] !== undefined) ? base[part] : undefined]),
  )
  const cases = new Map<string, JsonMap>()
  for (const run of runs) {
    const own = parts.filter((part) => JSON.stringify(run.draft[part]) !== JSON.stringify(common[part]))
    const set = withoutUndefined(Object.fromEntries(own.map((part) => [part, run.draft[part]])))
    const pairs = effective.filter(([key, values]) => matters(run.one, key, values))
    const name = nameOf(pairs.map(([key]) => [places[key] ?? key, run.one[key]]))
    if (!cases.has(JSON.stringify(set))) cases.set(JSON.stringify(set), { name, set })
  }
  return { ...base, ...common, sweep: { cases: [...cases.values()] } }
}

function combinations(lists: SweptLists['lists']): JsonMap[] {
  return lists.reduce<JsonMap[]>(
    (runs, [key, values]) => runs.flatMap((run) => values.map((value) => ({ ...run, [key]: value }))),
    [{}],
  )
}

function firstOf(lists: SweptLists['lists']): JsonMap {
  return Object.fromEntries(lists.map(([key, values]) => [key, values[0]]))
}
