// What the map shows of the recipe beside it: the planned sparsity of every matrix, and what of the outputs it is expected to cost.
import type { MeasuredModule } from './analysis.ts'
import { expectedError } from './expectedError.ts'
import type { PlannedMap, PlanRule } from './plannedMap.ts'
import { meanSparsity, plannedSparsity, type PlanModel, type PlannedSparsity } from './plannedSparsity.ts'
import { allocatedSparsities, spreadMean, type Spread, type SpreadPlan } from './spreadMean.ts'
import { allocationNames, defaultAllocation, isMeasured, spreadsOne } from '../allocations/allocations.ts'
import { decidesInRun } from '../recipe/resolve.ts'

/** Figures of an analysis by module name. */
export type Measured = ReadonlyMap<string, MeasuredModule>

export const planRules: readonly PlanRule[] = [defaultAllocation, ...allocationNames.filter(spreadsOne), 'hand']

/** Estimates of the whole run are not of this: they need the machine. */
export type ShownPlan = Omit<PlannedMap, 'seconds' | 'memoryBytes'>

/** `recipe`: its file's name. */
export function plannedView(recipe: string, text: string, model: PlanModel, measured: Measured): ShownPlan {
  const read = plannedSparsity(text, model)
  if ('problem' in read)
    return {
      ...nothing,
      recipe,
      rules: planRules.map((rule) => ({ rule, problem: read.problem })),
      problem: read.problem,
    }
  const shown = shownSparsities(read, model, measured)
  const steps = read.entries.filter(({ own }) => own.size > 0).map(({ step }) => step)
  const mean = meanSparsity(model.modules, shown)
  const plan = spreadPlan(read, model, measured)
  const spreads: Spreads = new Map(planRules.map((rule) => [rule, spreadMean(plan, mean, rule)]))
  return {
    recipe,
    method: common(steps.map(({ method }) => method)),
    pattern: common(steps.map(({ pattern }) => pattern)),
    rule: ruleOf(read, spreads),
    rules: planRules.map((rule) => ({ rule, problem: problemOf(read, spreads, rule) })),
    mean,
    modules: model.modules.map(({ name, block, column, parameters }) => ({
      ...{ name, block, module: column, parameters },
      sparsity: shown.get(name) ?? null,
      fixed: read.fixed.get(name) ?? null,
    })),
    expectedError: errorOf(read, model, measured, shown),
    uniformError: uniformErrorOf(read, model, measured, spreads),
    said: [...read.said],
    problem: null,
  }
}

const nothing: ShownPlan = {
  ...{ recipe: '', method: null, pattern: null, rule: defaultAllocation, rules: [], mean: 0, modules: [], said: [] },
  ...{ expectedError: null, uniformError: null, problem: null },
}

function common<T>(values: readonly T[]): T | null {
  const [first] = values
  return values.length > 0 && values.every((value) => value === first) ? first : null
}

/** Planned sparsities; where the run measures, those that the outliers of an analysis lead one to expect. */
export function shownSparsities(
  read: PlannedSparsity,
  { modules }: PlanModel,
  measured: Measured,
): Map<string, number> {
  const shown = new Map(read.sparsities)
  for (const { step, own } of read.entries) {
    const { allocation: name, sparsity } = step
    if (!decidesInRun(step) || typeof sparsity !== 'number') continue
    const free = modules.filter((module) => own.has(module.name) && !read.fixed.has(module.name))
    const given = { name, given: step[name] }
    const blocks = free.length > 0 ? allocatedSparsities(free, measured, sparsity, given) : null
    if (blocks) for (const module of free) shown.set(module.name, blocks.get(module.block) ?? sparsity)
  }
  return shown
}

/** What a rule would be spread over when nothing is locked. */
export function spreadPlan(read: PlannedSparsity, { modules }: PlanModel, measured: Measured): SpreadPlan {
  return {
    modules,
    sparsities: read.sparsities,
    locked: new Set(read.fixed.keys()),
    measured,
  }
}

/** What each rule would make of the mean that is planned. */
type Spreads = ReadonlyMap<PlanRule, Spread>

/** The rule by which the sparsities could have come about. */
function ruleOf({ entries, sparsities }: PlannedSparsity, spreads: Spreads): PlanRule {
  const allocated = entries.find(({ step, own }) => own.size > 0 && spreadsOne(step.allocation))
  if (allocated) return allocated.step.allocation
  const follows = (rule: PlanRule) => {
    const found = spreads.get(rule)
    if (!found || found.problem !== undefined) return rule === defaultAllocation
    return [...found.sparsities].every(([name, share]) => Math.abs(share - (sparsities.get(name) ?? 0)) < 5e-4)
  }
  return planRules.find((rule) => rule !== 'hand' && follows(rule)) ?? 'hand'
}

function problemOf({ recipe }: PlannedSparsity, spreads: Spreads, rule: PlanRule): string | null {
  const natively = allocationNames.some((name) => name === rule && spreadsOne(name))
  if (measuresInRun(rule) && recipe.calibration === undefined)
    return 'it looks at the inputs of the dense model: give the recipe `calibration`'
  return spreads.get(natively ? defaultAllocation : rule)?.problem ?? null
}

/** The run looks at the inputs of the dense model for it. */
export function measuresInRun(rule: PlanRule): boolean {
  return allocationNames.some((name) => name === rule && isMeasured(name))
}

/** Mean share of the outputs' energy that is lost, over the weights of all matrices; null where some are not known. */
function errorOf(
  { entries }: PlannedSparsity,
  { modules }: PlanModel,
  measured: Measured,
  sparsities: ReadonlyMap<string, number>,
): number | null {
  const sizes = new Map(modules.map(({ name, parameters }) => [name, parameters]))
  let lost = 0
  for (const { step, own } of entries) {
    for (const name of own) {
      const module = measured.get(name)
      if (!module) return null
      const { method, pattern } = step
      const error = isDead(module) ? 0 : expectedError(module, { method, pattern, sparsity: sparsities.get(name) ?? 0 })
      if (error === null) return null
      lost += error * (sizes.get(name) ?? 0)
    }
  }
  return (
    lost /
    Math.max(
      1,
      modules.reduce((sum, { parameters }) => sum + parameters, 0),
    )
  )
}

/** An expert that the router never chose, or one whose inputs were all 0: it loses nothing. */
function isDead({ activation, errors }: MeasuredModule): boolean {
  return activation === null || (errors.length > 0 && errors.every(({ error }) => error === null))
}

function uniformErrorOf(read: PlannedSparsity, model: PlanModel, measured: Measured, spreads: Spreads): number | null {
  const uniform = spreads.get(defaultAllocation)
  if (!uniform || uniform.problem !== undefined) return null
  return errorOf(read, model, measured, new Map([...read.sparsities, ...uniform.sparsities]))
}
