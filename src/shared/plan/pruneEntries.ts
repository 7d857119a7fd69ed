// What to prune and how: the recipe's `prune` entries after matching, one sparsity for each linear.
import type { AllocationSettings } from '../allocations/allocation.ts'
import { allocationSettings, isMeasured, type AllocationName } from '../allocations/allocations.ts'
import { andList, someOf } from '../format/lists.ts'
import { formatNm, parseNm, type NmPattern } from '../format/nm.ts'
import { methodKeyNames, type MethodKey, type MethodSettings } from '../methods/keys.ts'
import type { Scope, Selection } from '../methods/method.ts'
import { canBeGlobal, methodOf, needsData, refusesScope, type MethodName } from '../methods/methods.ts'
import { selectModules, type Module } from '../recipe/match.ts'
import { sparsityOfBlock, type ResolvedPruneStep } from '../recipe/resolve.ts'
import { PlanError } from './planError.ts'

export interface PruneEntry {
  readonly method: MethodName
  /** Linear (module name, without `.weight`) → share of its weights to prune, 0 < s < 1. Ignored with a `pattern`. */
  readonly sparsities: ReadonlyMap<string, number>
  /** null = unstructured. */
  readonly pattern: NmPattern | null
  /** Unstructured only; a method with a group of its own keeps to that whatever this says. */
  readonly scope: Scope
  readonly selection: Selection
  /** Of the keys that the method takes. */
  readonly settings: MethodSettings
}

/** Calibration inputs are needed. */
export function lookAtData(entries: readonly PruneEntry[]): boolean {
  return entries.some(({ method }) => needsData(method))
}

/** The weights of all of the entry's linears compete with each other. */
export function isGlobal({ method, pattern, scope }: Pick<PruneEntry, 'method' | 'pattern' | 'scope'>): boolean {
  return scope === 'global' && !pattern && canBeGlobal(method)
}

/** A key that the entry's method takes. */
export function settingOf({ method, settings }: Pick<PruneEntry, 'method' | 'settings'>, key: MethodKey): number {
  const value = settings[key] ?? methodOf(method).keys[key]
  if (value === undefined) throw new Error(`internal: ${method} takes no ${key}`)
  return value
}

/** An entry whose one sparsity is spread over the blocks by what the dense model shows; until then each has that one. */
export interface PlannedAllocation {
  readonly entry: PruneEntry
  readonly name: AllocationName
  readonly settings: Required<AllocationSettings>
  /** Mean over the weights. */
  readonly sparsity: number
}

/** `entries` are those of the steps. A group over the whole model is its own allocation. */
export function plannedAllocations(
  steps: readonly ResolvedPruneStep[],
  entries: readonly PruneEntry[],
): PlannedAllocation[] {
  return steps.flatMap((step, i) => {
    const { allocation: name, sparsity, scope, method, pattern } = step
    if (entries[i].sparsities.size === 0) return []
    if (!isMeasured(name) || (scope === 'global' && canBeGlobal(method))) return []
    if (parseNm(pattern))
      throw new PlanError(
        `prune.${i}: allocation ${name} spreads the sparsity over the blocks, but pattern ${pattern} fixes it; remove one of them`,
      )
    if (typeof sparsity !== 'number')
      throw new PlanError(`prune.${i}: allocation ${name} needs one number as sparsity; a list is an allocation itself`)
    const settings = { ...allocationSettings(name, step[name]) } as Required<AllocationSettings>
    return [{ entry: entries[i], name, settings, sparsity }]
  })
}

export interface PlannedLinear extends Module {
  readonly block: number
}

/**
 * Targets matched, sparsities spread over the depth. A linear that an earlier step prunes in the same way is not in a later one,
 * which may be left with none. @throws PlanError when a step matches nothing.
 */
export function pruneEntries(
  steps: readonly ResolvedPruneStep[],
  linears: readonly PlannedLinear[],
  numBlocks: number,
): PruneEntry[] {
  const entries: PruneEntry[] = []
  for (const [i, step] of steps.entries()) {
    const matched = selectModules(linears, step.targets, step.ignore)
    const ignored = step.ignore.length > 0 ? ` without ${JSON.stringify(step.ignore)}` : ''
    if (matched.length === 0)
      throw new PlanError(
        `prune.${i}: targets ${JSON.stringify(step.targets)}${ignored} match none of the ${linears.length} linears in the blocks; the first is ${linears[0]?.name}`,
      )
    const wayOf = (other: ResolvedPruneStep) => JSON.stringify({ ...other, targets: [], ignore: [] })
    const before = entries.filter((_, j) => wayOf(steps[j]) === wayOf(step))
    const fresh = matched.filter(({ name }) => !before.some(({ sparsities }) => sparsities.has(name)))
    entries.push({
      method: step.method,
      sparsities: new Map(fresh.map(({ name, block }) => [name, sparsityOfBlock(step.sparsity, block, numBlocks)])),
      pattern: parseNm(step.pattern),
      scope: step.scope,
      selection: step.selection,
      settings: Object.fromEntries(methodKeyNames.map((key) => [key, step[key]])),
    })
  }
  return entries
}

/** The entry of each linear. A linear in two of them is refused: nothing would say which one prunes it. */
export function entryIndex(entries: readonly PruneEntry[]): ReadonlyMap<string, PruneEntry> {
  const index = new Map<string, PruneEntry>()
  for (const entry of entries)
    for (const name of entry.sparsities.keys()) {
      if (index.has(name))
        throw new PlanError(`${name} is matched by two entries of \`prune\`; \`ignore\` it in one of them`)
      index.set(name, entry)
    }
  return index
}

/** Refuses what no weight of these shapes can satisfy, before anything runs. `shapes` are [O, I] by linear. */
export function checkEntries(
  entries: readonly PruneEntry[],
  shapes: ReadonlyMap<string, readonly [number, number]>,
): void {
  entryIndex(entries)
  for (const entry of entries) {
    const names = [...entry.sparsities.keys()]
    const unknown = names.filter((name) => !shapes.has(name))
    if (unknown.length) throw new PlanError(`not linears of the model's blocks: ${unknown.join(', ')}`)
    if (entry.pattern) checkPattern(entry.pattern, names, shapes)
    else if (refusesScope(entry.method, entry.scope))
      throw new PlanError(
        `${entry.method} knows no scope ${entry.scope}: use ${andList(methodOf(entry.method).scopes, 'or')}`,
      )
    else
      for (const [name, sparsity] of entry.sparsities)
        if (!(sparsity > 0 && sparsity < 1))
          throw new PlanError(`${name}: sparsity ${sparsity} is not between 0 and 1 (both excluded)`)
    if (methodOf(entry.method).columnBlocks) checkColumnBlocks(entry)
  }
}

function checkColumnBlocks(entry: PruneEntry): void {
  const size = settingOf(entry, 'block_size')
  if (!Number.isInteger(size) || size <= 0)
    throw new PlanError(`block_size ${size} is not a positive number of columns`)
  const { pattern } = entry
  if (pattern && size % pattern.m !== 0)
    throw new PlanError(`block_size ${size} is not a multiple of the ${pattern.m} in pattern ${formatNm(pattern)}`)
}

function checkPattern(
  pattern: NmPattern,
  names: readonly string[],
  shapes: ReadonlyMap<string, readonly [number, number]>,
): void {
  const { n, m } = pattern
  const name = formatNm(pattern)
  if (!Number.isInteger(n) || !Number.isInteger(m) || n <= 0 || n >= m)
    throw new PlanError(`pattern ${name}: it means N zeros in each M inputs, so 0 < N < M`)
  const indivisible = names.filter((linear) => (shapes.get(linear)?.[1] ?? 0) % m !== 0)
  if (indivisible.length)
    throw new PlanError(
      `pattern ${name} needs a number of inputs divisible by ${m}; choose another pattern, or put these into \`ignore\` of a recipe or of prune: ${someOf(indivisible.map((linear) => `${linear} (${shapes.get(linear)?.[1]} inputs)`))}`,
    )
}

/** Module names of all linears that these entries prune. */
export function prunedNames(entries: readonly PruneEntry[]): Set<string> {
  return new Set(entries.flatMap(({ sparsities }) => [...sparsities.keys()]))
}
