// The recipe's `prune` entries after matching, with one sparsity for each linear.
import type { AllocationSettings } from '../allocations/allocation.ts'
import { allocationSettings, isMeasured, type AllocationName } from '../allocations/allocations.ts'
import { parseNm, type NmPattern } from '../format/nm.ts'
import { methodKeyNames, type MethodKey, type MethodSettings } from '../methods/keys.ts'
import type { Scope, Selection } from '../methods/method.ts'
import { canBeGlobal, methodOf, needsData, type MethodName } from '../methods/methods.ts'
import { selectModules, type Module } from '../recipe/match.ts'
import { sparsityOfBlock, type ResolvedPruneStep } from '../recipe/resolve.ts'

export interface PruneEntry {
  readonly method: MethodName
  /** Linear (module name, without `.weight`) → share of its weights to prune, 0 < s < 1. Ignored with a `pattern`. */
  readonly sparsities: ReadonlyMap<string, number>
  /** null = unstructured. */
  readonly pattern: NmPattern | null
  /** Unstructured only; a method with a group of its own keeps to that whatever this says. */
  readonly scope: Scope
  readonly selection: Selection
  /** Values of the keys that the method takes. */
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
    if (typeof sparsity !== 'number' || parseNm(pattern)) return []
    const settings = { ...allocationSettings(name, step[name]) } as Required<AllocationSettings>
    return [{ entry: entries[i], name, settings, sparsity }]
  })
}

export interface PlannedLinear extends Module {
  readonly block: number
}

/**
 * Targets matched, sparsities spread over the depth. A linear that an earlier step prunes in the same way is not in a later one,
 * which may be left with none.
 */
export function pruneEntries(
  steps: readonly ResolvedPruneStep[],
  linears: readonly PlannedLinear[],
  numBlocks: number,
): PruneEntry[] {
  const entries: PruneEntry[] = []
  for (const step of steps) {
    const matched = selectModules(linears, step.targets, step.ignore)
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

/** The entry of each linear: it has one only. */
export function entryIndex(entries: readonly PruneEntry[]): ReadonlyMap<string, PruneEntry> {
  return new Map(entries.flatMap((entry) => [...entry.sparsities.keys()].map((name) => [name, entry] as const)))
}

/** Module names of all linears that these entries prune. */
export function prunedNames(entries: readonly PruneEntry[]): Set<string> {
  return new Set(entries.flatMap(({ sparsities }) => [...sparsities.keys()]))
}
