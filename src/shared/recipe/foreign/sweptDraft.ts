// Lists of values as a sweep: as lists where each value has a place of its own, else as cases, since one value may change what
// others mean, as N:M leaves a sparsity without one.
import { mostRuns } from '../sweep/settings.ts'
import { nameOf } from '../sweep/settings.ts'
import { withSetting } from '../overrides.ts'
import { withoutUndefined, type Draft } from './draft.ts'
import type { Json, JsonMap } from './dialect.ts'

export interface SweptLists {
  /** Settings that have one value only. */
  readonly fixed: JsonMap
  readonly lists: readonly (readonly [key: string, values: readonly Json[]])[]
  /** Path in a recipe of the value of each key that has one. */
  readonly places: Readonly<Record<string, string>>
  readonly draftOf: (one: JsonMap) => Draft
}

/** Parts of a recipe that cases may set. */
const parts = ['model', 'prune', 'calibration', 'seed', 'recover'] as const
/** Most combinations that are tried; fewer runs may be left where some lists have no effect. */
const mostCombinations = 10 * mostRuns
/** A case's name is no longer. */
const longestName = 200

interface Combination {
  readonly one: JsonMap
  readonly draft: Draft
  readonly text: string
}

/** null: more runs than a sweep has. Lists without an effect are left out. */
export function sweptDraft({ fixed, lists, places, draftOf }: SweptLists): Draft | null {
  const sizes = lists.map(([, values]) => values.length)
  const total = sizes.reduce((count, size) => count * size, 1)
  if (total > mostCombinations) return null
  // The last list varies fastest.
  const strides = sizes.map((_, k) => sizes.slice(k + 1).reduce((count, size) => count * size, 1))
  const digit = (i: number, k: number) => Math.floor(i / strides[k]) % sizes[k]
  const all = Array.from({ length: total }, (_, i): Combination => {
    const chosen = lists.map(([key, values], k) => [key, values[digit(i, k)]] as const)
    const one = { ...fixed, ...Object.fromEntries(chosen) }
    const draft = draftOf(one)
    return { one, draft, text: JSON.stringify(draft) }
  })
  /** The combination with the first value of a list. */
  const base = (i: number, k: number) => i - digit(i, k) * strides[k]
  const varies = lists.map(
    (_, k) => new Set(all.flatMap(({ text }, i) => (text === all[base(i, k)].text ? [] : base(i, k)))),
  )
  const effective = lists.flatMap(([key, values], k) => (varies[k].size > 0 ? [{ key, values, k }] : []))
  const isRun = (i: number) => lists.every((_, k) => varies[k].size > 0 || digit(i, k) === 0)
  const runs = all.flatMap((run, i) => (isRun(i) ? [{ ...run, i }] : []))
  if (runs.length > mostRuns) return null
  if (runs.length === 1) return runs[0].draft
  // A calibration that only some of the runs need does the others no harm.
  const calibration = runs.find(({ draft }) => draft.calibration !== undefined)?.draft.calibration
  const first: Draft = { ...runs[0].draft, calibration }
  const fits = runs.every(({ one, draft }) => {
    const set = effective.reduce<unknown>(
      (recipe, { key }) => (Object.hasOwn(places, key) ? withSetting(recipe, places[key], one[key]) : null),
      first,
    )
    return set !== null && JSON.stringify(set) === JSON.stringify({ ...draft, calibration })
  })
  if (fits)
    return { ...first, sweep: Object.fromEntries(effective.map(({ key, values }) => [places[key], [...values]])) }
  const named = runs.map(({ i, one, draft }) => {
    const pairs = effective.filter(({ k }) => varies[k].has(base(i, k)))
    return { draft, name: nameOf(pairs.map(({ key }) => [places[key] ?? key, one[key]])) }
  })
  return asCases(first, named)
}

/** One case for each draft, none twice: what all have stands in the recipe, what differs in the case. */
function asCases(first: Draft, runs: readonly { name: string; draft: Draft }[]): Draft {
  const common = Object.fromEntries(
    parts.map((part) => [part, runs.every(({ draft }) => draft[part] !== undefined) ? first[part] : undefined]),
  )
  const commonTexts = new Map(parts.map((part) => [part, JSON.stringify(common[part])]))
  const cases = new Map<string, JsonMap>()
  for (const { name, draft } of runs) {
    const own = parts.filter((part) => JSON.stringify(draft[part]) !== commonTexts.get(part))
    const set = withoutUndefined(Object.fromEntries(own.map((part) => [part, draft[part]])))
    const key = JSON.stringify(set)
    const short = name.length <= longestName ? name : `case ${cases.size + 1}`
    if (!cases.has(key)) cases.set(key, { name: short, set })
  }
  return { ...first, ...common, sweep: { cases: [...cases.values()] } }
}
