// One mean sparsity spread over the matrices of a recipe by a rule, while those that are locked keep what they have.
import type { MeasuredModule } from './analysis.ts'
import type { PlanRule } from './plannedMap.ts'
import type { PlanModule } from './plannedSparsity.ts'
import {
  allocationNames,
  allocationOf,
  allocationSettings,
  defaultAllocation,
  isMeasured,
  isTried,
} from '../allocations/allocations.ts'
import type { AllocationSettings, SettledSettings } from '../allocations/allocation.ts'
import { groupsBy } from '../format/lists.ts'

/** Least and largest sparsity that a rule gives: one of 0 would be left alone, and no longer be spread over. */
export const [leastShare, mostShare] = [0.01, 0.95]

/** A sparsity that grows by so much, as far as a matrix can. */
export function shiftedBy(sparsity: number, by: number): number {
  return Math.min(mostShare, Math.max(leastShare, sparsity + by))
}

type SpreadModule = Pick<PlanModule, 'name' | 'block' | 'parameters'>

export interface SpreadPlan {
  /** All linears of the blocks. */
  readonly modules: readonly SpreadModule[]
  /** By module name, of each that is pruned. */
  readonly sparsities: ReadonlyMap<string, number>
  /** Modules that keep what they have. */
  readonly locked: ReadonlySet<string>
  readonly measured: ReadonlyMap<string, MeasuredModule>
}

export type Spread =
  | { readonly sparsities: Map<string, number>; readonly problem?: undefined }
  | { readonly problem: string }

/** `mean` is over the weights of all modules. It is met as far as shares of 0.01 to 0.95 can. */
export function spreadMean(plan: SpreadPlan, mean: number, rule: PlanRule): Spread {
  const { modules, sparsities, locked } = plan
  const pruned = modules.filter(({ name }) => sparsities.has(name))
  const free = pruned.filter(({ name }) => !locked.has(name))
  if (free.length === 0) return { problem: 'every matrix that is pruned is locked or fixed' }
  const all = modules.reduce((sum, { parameters }) => sum + parameters, 0)
  const held = pruned
    .filter(({ name }) => locked.has(name))
    .reduce((sum, { name, parameters }) => sum + parameters * (sparsities.get(name) ?? 0), 0)
  const share = (mean * all - held) / free.reduce((sum, { parameters }) => sum + parameters, 0)
  const target = Math.min(mostShare, Math.max(leastShare, share))
  const shape = shapeOf(plan, free, target, rule)
  if ('problem' in shape) return shape
  const met = rule === 'hand' ? scaled(free, shape.values, target) : shifted(free, shape.values, target)
  return { sparsities: new Map(free.map(({ name }, i) => [name, met[i]])) }
}

type Shape = { values: number[] } | { problem: string }

/** Before the mean is met: of each free module. */
function shapeOf(plan: SpreadPlan, free: readonly SpreadModule[], target: number, rule: PlanRule): Shape {
  const { sparsities } = plan
  if (rule === 'hand') return { values: free.map(({ name }) => sparsities.get(name) ?? target) }
  return rule === defaultAllocation ? { values: free.map(() => target) } : byAllocation(plan, free, target, rule)
}

function byAllocation(plan: SpreadPlan, free: readonly SpreadModule[], target: number, rule: PlanRule): Shape {
  const name = allocationNames.find((known) => known === rule) ?? defaultAllocation
  const values = allocatedSparsities(free, plan.measured, target, { name })
  return values
    ? { values: free.map(({ block }) => values.get(block) ?? target) }
    : { problem: `${allocationOf(name).title} goes by the outliers of every block, which have not been measured yet` }
}

/** Sparsity of each block, by the outliers that were measured where the allocation goes by them, as the run will find them; null where they are not known before it. */
export function allocatedSparsities(
  some: readonly SpreadModule[],
  measured: ReadonlyMap<string, MeasuredModule>,
  sparsity: number,
  { name, given }: { name: (typeof allocationNames)[number]; given?: AllocationSettings },
): Map<number, number> | null {
  const { spread } = allocationOf(name)
  if (isTried(given)) return null
  const blocks = groupsBy(
    [...some].sort((a, b) => a.block - b.block),
    ({ block }) => block,
  ).map((own) => {
    const size = own.reduce((sum, { parameters }) => sum + parameters, 0)
    // An expert that the router never chose has no inputs, so none that stick out.
    const known = own.every((module) => measured.has(module.name))
    const outliers = own.reduce(
      (sum, module) => sum + module.parameters * (measured.get(module.name)?.activation?.outliers ?? 0),
      0,
    )
    return { block: own[0].block, size, value: known || !isMeasured(name) ? outliers / size : NaN }
  })
  if (!spread || blocks.some(({ value }) => Number.isNaN(value))) return null
  const settings = allocationSettings(name, given) as SettledSettings
  const values = spread(blocks, sparsity, settings)
  return new Map(blocks.map(({ block }, i) => [block, values[i]]))
}

/** The same added to all, within bounds, so that the mean over the weights is `target`. */
function shifted(free: readonly SpreadModule[], values: readonly number[], target: number): number[] {
  return met(free, target, [-1, 1], (by) => values.map((value) => value + by))
}

/** All times the same. */
function scaled(free: readonly SpreadModule[], values: readonly number[], target: number): number[] {
  return met(free, target, [0, mostShare / Math.max(leastShare, Math.min(...values))], (by) =>
    values.map((value) => by * value),
  )
}

/** A range of up to 95 gets far below the fourth decimal, which is the last that is written. */
const halvings = 34

/** Bisection: the clamped mean grows with what is applied. */
function met(
  free: readonly SpreadModule[],
  target: number,
  [low, high]: readonly [number, number],
  apply: (by: number) => number[],
): number[] {
  const total = free.reduce((sum, { parameters }) => sum + parameters, 0)
  const at = (by: number) => apply(by).map((value) => Math.min(mostShare, Math.max(leastShare, value)))
  const meanOf = (values: readonly number[]) =>
    values.reduce((sum, value, i) => sum + value * free[i].parameters, 0) / total
  let [below, above] = [low, high]
  for (let i = 0; i < halvings; i++) {
    const middle = (below + above) / 2
    if (meanOf(at(middle)) < target) below = middle
    else above = middle
  }
  return at(above)
}
