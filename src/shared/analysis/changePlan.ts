// A change that a person makes on the map, as the recipe's new text.
import type { PlanChange, PlanRule } from './plannedMap.ts'
import { plannedSparsity, type PlanModel, type PlannedSparsity } from './plannedSparsity.ts'
import { measuresInRun, planRules, shownSparsities, spreadPlan, type Measured } from './plannedView.ts'
import { leastShare, mostShare, shiftedBy, spreadMean } from './spreadMean.ts'
import { writePlanned, type Written } from './writePlanned.ts'
import { allocationNames, defaultAllocation, spreadsOne } from '../allocations/allocations.ts'
import { idleKeys, isMethodName, methodOf, needsData, refusesScope, type MethodName } from '../methods/methods.ts'
import { fieldsOf } from '../format/records.ts'
import { readDocument } from '../recipe/document.ts'
import { flowText } from '../recipe/edits.ts'
import { allocationKeysOfEntry, dropKey, rawEntries, setKey } from '../recipe/entryEdits.ts'

export interface Surroundings {
  readonly model: PlanModel
  readonly measured: Measured
  /** Names of modules that keep what they have. */
  readonly locked: ReadonlySet<string>
}

/** The problem is a sentence: why nothing was changed. */
export function changePlan(text: string, change: PlanChange, around: Surroundings): Written {
  const read = plannedSparsity(text, around.model)
  if ('problem' in read) return read
  switch (change.kind) {
    case 'set':
      return setSome(text, read, change, around)
    case 'shift':
      return shiftSome(text, read, change, around)
    case 'spread':
      return spread(text, read, change, around)
    case 'method':
      return changeMethod(text, read, change.method)
  }
}

function setSome(
  text: string,
  read: PlannedSparsity,
  { names, sparsity }: Extract<PlanChange, { kind: 'set' }>,
  { model, measured, locked }: Surroundings,
): Written {
  const free = names.filter((name) => !locked.has(name))
  if (free.length === 0) return { problem: 'these are locked' }
  const why = free.map((name) => read.fixed.get(name))
  if (sparsity !== null && why.every((one) => one !== undefined)) return { problem: why[0] ?? '' }
  const share = sparsity === null ? null : Math.min(mostShare, Math.max(0, sparsity))
  // What an allocation was expected to give the others stays with them.
  const wanted = new Map<string, number | null>(shownSparsities(read, model, measured))
  for (const name of free) wanted.set(name, share)
  return writePlanned(text, model, wanted)
}

function shiftSome(
  text: string,
  read: PlannedSparsity,
  { names, by }: Extract<PlanChange, { kind: 'shift' }>,
  { model, measured, locked }: Surroundings,
): Written {
  const shown = shownSparsities(read, model, measured)
  const free = names.filter((name) => shown.has(name) && !read.fixed.has(name) && !locked.has(name))
  if (free.length === 0) return { problem: 'these are locked, fixed, or left alone' }
  return writePlanned(
    text,
    model,
    new Map([...shown, ...free.map((name) => [name, shiftedBy(shown.get(name) ?? 0, by)] as const)]),
  )
}

function spread(
  text: string,
  read: PlannedSparsity,
  { mean, rule }: Extract<PlanChange, { kind: 'spread' }>,
  { model, measured, locked }: Surroundings,
): Written {
  const shown = shownSparsities(read, model, measured)
  const plan = spreadPlan(read, model, measured)
  const held = [...shown.keys()].filter((name) => locked.has(name))
  const all = { ...plan, sparsities: shown, locked: new Set([...plan.locked, ...held]) }
  // The recipe says it in a word, but for all matrices alike.
  const natively = held.length === 0 && allocationNames.some((name) => name === rule && spreadsOne(name))
  if (natively && measuresInRun(rule) && read.recipe.calibration === undefined)
    return { problem: 'the recipe has no `calibration`, by which it would be spread' }
  const numbers = (by: PlanRule): Written => {
    const found = spreadMean(all, mean, by)
    if (found.problem !== undefined) return found
    return writePlanned(unallocated(text, read), model, new Map([...shown, ...found.sparsities]))
  }
  if (!natively) return numbers(rule)
  const even = numbers(defaultAllocation)
  if (even.problem !== undefined) return even
  const left = allocated(even.text, model, rule, settingsOf(text, rule))
  return isWithinBounds(left, model, [...shown.keys()]) ? left : numbers(rule)
}

/** Every matrix keeps something and loses something: a mean near 0 or 1 may leave a spread no room for that. */
function isWithinBounds(written: Written, model: PlanModel, planned: readonly string[]): boolean {
  const read = plannedSparsity(written.problem === undefined ? written.text : '', model)
  if ('problem' in read) return false
  const shares = read.entries
    .flatMap(({ own }) => [...own])
    .filter((name) => !read.fixed.has(name))
    .map((name) => read.sparsities.get(name) ?? 0)
  // One that would lose nothing is no part of the plan any more.
  const isThere = planned.every((name) => read.sparsities.has(name))
  return isThere && shares.every((share) => share >= leastShare && share <= mostShare)
}

/** Numbers are what is written from now on, also where they are those of the mean. */
function unallocated(text: string, { entries }: PlannedSparsity): string {
  let document = readDocument(text)
  for (const i of entries.keys()) for (const key of allocationKeysOfEntry) document = dropKey(document, i, key)
  return document.text
}

/** Every entry that the map may change is spread by its allocation. */
function allocated(text: string, model: PlanModel, rule: PlanRule, settings: string | null): Written {
  const read = plannedSparsity(text, model)
  if ('problem' in read) return read
  let document = readDocument(text)
  for (const [i, { own }] of read.entries.entries()) {
    if (own.size === 0 || [...own].some((name) => read.fixed.has(name))) continue
    document = setKey(document, i, 'allocation', rule)
    if (settings !== null) document = setKey(document, i, rule, settings)
  }
  return { text: document.text }
}

/** Settings of an allocation that stand in the recipe already. */
function settingsOf(text: string, rule: PlanRule): string | null {
  const own = rawEntries(readDocument(text)).find((entry) => entry[rule] !== undefined)
  return own ? flowText(own[rule]) : null
}

/** Keys that the method does not take go. */
function changeMethod(text: string, { recipe, entries }: PlannedSparsity, method: MethodName): Written {
  if (needsData(method) && recipe.calibration === undefined)
    return { problem: `${methodOf(method).title} looks at inputs: give the recipe \`calibration\` first` }
  let document = readDocument(text)
  for (const [i, { step }] of entries.entries()) {
    document = setKey(document, i, 'method', method)
    for (const key of idleKeys(method)) document = dropKey(document, i, key)
    if (refusesScope(method, step.scope) || methodOf(method).scopes.length === 0)
      document = dropKey(document, i, 'scope')
    if (methodOf(method).exactOnly) document = dropKey(document, i, 'selection')
  }
  return { text: document.text }
}

/** Whether somebody else's value is a change. */
export function isPlanChange(value: unknown): value is PlanChange {
  const { kind, names, sparsity, by, mean, rule, method } = fieldsOf(value)
  const isShare = (share: unknown) => typeof share === 'number' && share >= 0 && share <= 1
  if (kind === 'set')
    return (
      Array.isArray(names) &&
      names.every((name) => typeof name === 'string') &&
      (sparsity === null || isShare(sparsity))
    )
  if (kind === 'shift')
    return (
      Array.isArray(names) &&
      names.every((name) => typeof name === 'string') &&
      typeof by === 'number' &&
      Math.abs(by) <= 1
    )
  if (kind === 'spread') return isShare(mean) && planRules.some((known) => known === rule)
  return kind === 'method' && isMethodName(method)
}
