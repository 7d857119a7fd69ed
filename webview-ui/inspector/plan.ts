// A plan as the map shows it: what stands at a row, a column or marked cells, and drafts of it.
import { moduleOfWeight } from '../../src/shared/families/parameters.ts'
import { formatShare } from '../../src/shared/format/numbers.ts'
import { shiftedBy, spreadMean } from '../../src/shared/analysis/spreadMean.ts'
import type { MeasuredModule } from '../../src/shared/analysis/analysis.ts'
import type { PlanChange, PlannedMap, PlannedModule } from '../../src/shared/analysis/plannedMap.ts'
import { formatPoints, sparsityMeasure, type Measure } from './measures.ts'

/** A change that is not in the recipe yet. */
export type Draft = Exclude<PlanChange, { kind: 'method' }>

export const untrusted = 'Writing a recipe needs a trusted workspace.'
/** The most that a bar can say. */
export const mostSparsity = 0.95

/** Matrices that are drawn together. */
export interface PlanGroup {
  /** Mean over the weights of those that are pruned; null: none is. */
  readonly mean: number | null
  readonly least: number
  readonly most: number
  /** Those that a bar changes: none that is fixed or locked, and none that is left alone beside others that are pruned. */
  readonly names: readonly string[]
  /** These have one and the same sparsity, or none. */
  readonly isEven: boolean
  /** Those that can be left alone, which is said also of what is fixed to a pattern. */
  readonly leave: readonly string[]
  /** All that can be locked. */
  readonly all: readonly string[]
  readonly isLocked: boolean
  /** Why none can be changed. */
  readonly fixed: string | null
}

export function groupOf(modules: readonly PlannedModule[], locked: ReadonlySet<string>): PlanGroup {
  const pruned = modules.filter(({ sparsity }) => sparsity !== null)
  const free = modules.filter(({ fixed }) => fixed === null)
  const mine = pruned.length > 0 ? free.filter(({ sparsity }) => sparsity !== null) : free
  const weights = pruned.reduce((sum, { parameters }) => sum + parameters, 0)
  const zeros = pruned.reduce((sum, { parameters, sparsity }) => sum + parameters * (sparsity ?? 0), 0)
  const values = pruned.map(({ sparsity }) => sparsity ?? 0)
  const open = mine.filter(({ name }) => !locked.has(name))
  return {
    mean: weights === 0 ? null : zeros / weights,
    isEven: open.every(({ sparsity }) => Math.abs((sparsity ?? 0) - (open[0].sparsity ?? 0)) < 5e-4),
    least: Math.min(1, ...values),
    most: Math.max(0, ...values),
    names: open.map(({ name }) => name),
    leave: pruned.filter(({ name }) => !locked.has(name)).map(({ name }) => name),
    all: free.map(({ name }) => name),
    isLocked: free.length > 0 && free.every(({ name }) => locked.has(name)),
    fixed: mine.length === 0 ? (modules.find(({ fixed }) => fixed !== null)?.fixed ?? null) : null,
  }
}

/** A group at `target`: where its modules differ, each is moved by what that is above the mean. null: left alone. */
export function changeTo({ names, isEven }: PlanGroup, mean: number, target: number | null): Draft {
  if (target === null || isEven) return { kind: 'set', names: [...names], sparsity: target }
  return { kind: 'shift', names: [...names], by: target - mean }
}

/** What the host knows beside the plan, as far as the page knows it. */
export interface DraftFacts {
  readonly locked: ReadonlySet<string>
  readonly measured: ReadonlyMap<string, MeasuredModule>
}

/** The plan as the recipe will have it; of a spread whose rule needs more than the page knows, as it is. */
export function withDraft(plan: PlannedMap, draft: Draft, facts: DraftFacts): PlannedMap {
  const wanted = draftedSparsities(plan, draft, facts)
  const modules = plan.modules.map((module) => {
    const sparsity = wanted(module)
    return sparsity === undefined ? module : { ...module, sparsity }
  })
  const weights = modules.reduce((sum, { parameters }) => sum + parameters, 0)
  const zeros = modules.reduce((sum, { parameters, sparsity: share }) => sum + parameters * (share ?? 0), 0)
  return { ...plan, modules, mean: weights === 0 ? 0 : zeros / weights }
}

/** undefined: it keeps what it has. */
function draftedSparsities(
  plan: PlannedMap,
  draft: Draft,
  { locked, measured }: DraftFacts,
): (module: PlannedModule) => number | null | undefined {
  if (draft.kind === 'spread') {
    const { modules } = plan
    const spread = spreadMean(
      {
        modules,
        sparsities: new Map(modules.flatMap(({ name, sparsity }) => (sparsity === null ? [] : [[name, sparsity]]))),
        locked: new Set([...locked, ...modules.flatMap(({ name, fixed }) => (fixed === null ? [] : [name]))]),
        measured,
      },
      draft.mean,
      draft.rule,
    )
    return ({ name }) => (spread.problem === undefined ? spread.sparsities.get(name) : undefined)
  }
  const names = new Set(draft.names)
  return ({ name, sparsity }) => {
    if (!names.has(name)) return undefined
    if (draft.kind === 'set') return draft.sparsity
    return sparsity === null ? undefined : shiftedBy(sparsity, draft.by)
  }
}

/** One sparsity for all that are pruned, at the plan's mean. */
export function uniformOf({ modules, mean }: PlannedMap): number {
  const weights = modules.reduce((sum, { parameters }) => sum + parameters, 0)
  const pruned = modules.reduce((sum, { parameters, sparsity }) => sum + (sparsity === null ? 0 : parameters), 0)
  return pruned === 0 ? 0 : (mean * weights) / pruned
}

export function plannedMeasure(plan: PlannedMap): Measure {
  const sparsities = new Map(plan.modules.map(({ name, sparsity }) => [name, sparsity]))
  return {
    id: 'planned',
    title: 'Planned sparsity',
    of: ({ name }) => sparsities.get(moduleOfWeight(name)) ?? null,
    text: formatShare,
    scale: 'share',
    group: 'Plan',
    missing: 'left alone',
  }
}

export function differenceMeasure(plan: PlannedMap, against: 'now' | 'uniform'): Measure {
  const planned = plannedMeasure(plan)
  const uniform = uniformOf(plan)
  return {
    ...planned,
    id: `difference ${against}`,
    title: against === 'now' ? 'Planned minus the zeros it has now' : `Planned minus uniform ${formatShare(uniform)}`,
    of(tensor, known) {
      const sparsity = planned.of(tensor, known)
      const base = against === 'now' ? sparsityMeasure.of(tensor, known) : uniform
      return sparsity === null || base === null ? null : sparsity - base
    },
    text: formatPoints,
    scale: 'difference',
    missing: against === 'now' ? 'left alone, or not computed' : 'left alone',
  }
}
