// What a run prunes, with one sparsity for each linear; and how an allocation spreads the one sparsity of a step over the blocks.
import {
  tried,
  type AllocationKey,
  type AllocationSettings,
  type MeasuredBlock,
  type SettledSettings,
} from '../catalog/allocations/allocation.ts'
import {
  allocationOf,
  allocationSettings,
  isMeasured,
  keysOf,
  type AllocationName,
} from '../catalog/allocations/allocations.ts'
import { groupsBy } from '../formatting/lists.ts'
import { parseNm, type NmPattern } from '../catalog/formats/sparsity.ts'
import type { MethodKey, MethodSettings } from '../catalog/methods/keys.ts'
import type { Scope, Selection } from '../catalog/methods/method.ts'
import { canBeGlobal, methodOf, needsData, needsHessian, type MethodName } from '../catalog/methods/methods.ts'
import type { Module } from '../recipe/match.ts'
import { untilNone } from '../recipe/defaults.ts'
import { swapsWeights, type ResolvedPruneStep, type ResolvedRecipe } from '../recipe/resolve.ts'

export interface PruneEntry {
  readonly method: MethodName
  /** Linear (module name, without `.weight`) → share of its weights to prune, 0 < s < 1. Ignored with a `pattern`. */
  readonly sparsities: ReadonlyMap<string, number>
  /** null = unstructured. */
  readonly pattern: NmPattern | null
  /** For unstructured pruning only; a method that fixes its own group ignores it. */
  readonly scope: Scope
  readonly selection: Selection
  /** Values of the keys that the method takes. */
  readonly settings: MethodSettings
  /** Most swaps per row; `auto`: a tenth of the row's weights. */
  readonly swaps?: ResolvedPruneStep['swaps']
  /** Whether channels are reordered before pruning. */
  readonly reorder?: boolean
  /** Set where the run decides the sparsities. */
  readonly measure?: PlannedMeasure | null
  readonly trial?: PlannedTrial | null
}

/** Whether any entry needs calibration inputs. */
export function lookAtData(entries: readonly PruneEntry[]): boolean {
  return entries.some((entry) => needsData(entry.method) || swapsWeights(entry))
}

/** Whether an entry needs calibration inputs block by block; a group over the whole model takes its norms from the dense model. */
export function looksInBlocks(entry: PruneEntry): boolean {
  return usesHessian(entry) || (needsData(entry.method) && !isGlobal(entry))
}

export function usesHessian(entry: PruneEntry): boolean {
  return needsHessian(entry.method) || swapsWeights(entry)
}

/** Most swaps of a row of so many columns. */
export function mostSwaps({ swaps = 0 }: PruneEntry, columns: number): number {
  return swaps === untilNone ? Math.ceil(columns / 10) : swaps
}

/** Whether the weights of all of the entry's linears compete with each other. */
export function isGlobal({ method, pattern, scope }: Pick<PruneEntry, 'method' | 'pattern' | 'scope'>): boolean {
  return scope === 'global' && !pattern && canBeGlobal(method)
}

/** The value of a key that the entry's method takes. */
export function settingOf({ method, settings }: Pick<PruneEntry, 'method' | 'settings'>, key: MethodKey): number {
  const value = settings[key] ?? methodOf(method).keys[key]
  if (value === undefined) throw new Error(`internal: ${method} takes no ${key}`)
  return value
}

/** A measure of the dense model by which the run spreads the entry's sparsity over the blocks; until then each block has the mean. */
export interface PlannedMeasure {
  readonly name: AllocationName
  readonly settings: SettledSettings
  /** Mean over the weights. */
  readonly sparsity: number
}

/** null where nothing is measured. A group over the whole model is its own allocation. */
export function measureOf(step: ResolvedPruneStep): PlannedMeasure | null {
  const { allocation: name } = step
  const sparsity = spreadSparsity(step)
  return sparsity === null || !isMeasured(name) ? null : { name, settings: settledSettings(step), sparsity }
}

/** A setting of the entry's allocation that the run finds by trying; until then each block has the mean. */
export interface PlannedTrial {
  /** Index in the recipe's `prune`. */
  readonly step: number
  readonly name: AllocationName
  /** The setting that is tried. */
  readonly key: AllocationKey
  /** The values to try, in order, and the sparsities that follow from each. */
  readonly choices: readonly { readonly value: number; readonly sparsities: PruneEntry['sparsities'] }[]
}

/** `linears` are those of the entry; null where nothing is tried. */
export function trialOf(
  step: ResolvedPruneStep,
  index: number,
  linears: readonly PlannedLinear[],
): PlannedTrial | null {
  const { allocation: name } = step
  const sparsity = spreadSparsity(step)
  if (linears.length === 0 || sparsity === null) return null
  const key = keysOf(name).find((one) => step[name]?.[one] === tried)
  if (key === undefined) return null
  const values = allocationOf(name).tries[key]?.(blocksOf(linears), sparsity) ?? []
  const choices = values.map((value) => {
    return { value, sparsities: spreadSparsities(step, linears, sparsity, settledSettings(step, { [key]: value })) }
  })
  return { step: index, name, key, choices }
}

/** The settings that a run tries together. */
export function trialsOf(entries: readonly PruneEntry[]): PlannedTrial[] {
  return entries.flatMap(({ trial }) => trial ?? [])
}

/** How often the model is pruned to find out settings that the recipe leaves to the run. */
export function tries({ prune }: Pick<ResolvedRecipe, 'prune'>): number {
  const blocks = [0, 1].map(() => ({ size: 1, value: 0 }))
  const counts = prune.flatMap((step) => {
    const { allocation: name } = step
    const sparsity = spreadSparsity(step)
    if (sparsity === null) return []
    return keysOf(name).flatMap((key) =>
      step[name]?.[key] === tried ? (allocationOf(name).tries[key]?.(blocks, sparsity).length ?? []) : [],
    )
  })
  return counts.length > 0 ? Math.min(...counts) : 0
}

/** The one sparsity that the step's allocation spreads over the blocks; null with N:M, and with a group over the whole model. */
export function spreadSparsity({ allocation, sparsity, scope, method, pattern }: ResolvedPruneStep): number | null {
  if (typeof sparsity !== 'number' || parseNm(pattern) || (scope === 'global' && canBeGlobal(method))) return null
  return allocationOf(allocation).spread === null ? null : sparsity
}

/** Settings of the step's allocation. `chosen` replaces those that the recipe leaves to the run. */
export function settledSettings(step: ResolvedPruneStep, chosen: AllocationSettings = {}): SettledSettings {
  const { allocation: name } = step
  return { ...allocationSettings(name, step[name]), ...chosen } as SettledSettings
}

/** The blocks of these linears in model order, with nothing measured. */
export function blocksOf(
  linears: readonly Pick<PlannedLinear, 'block' | 'parameters'>[],
): (MeasuredBlock & { block: number })[] {
  return groupsBy(linears, ({ block }) => block)
    .map((own) => ({ block: own[0].block, size: own.reduce((n, { parameters }) => n + parameters, 0), value: 0 }))
    .sort((a, b) => a.block - b.block)
}

/** Sparsities by an allocation that measures nothing. A block that keeps everything is not pruned. */
export function spreadSparsities(
  { allocation }: ResolvedPruneStep,
  linears: readonly PlannedLinear[],
  sparsity: number,
  settings: SettledSettings,
): Map<string, number> {
  const blocks = blocksOf(linears)
  const values = allocationOf(allocation).spread?.(blocks, sparsity, settings) ?? []
  const byBlock = new Map(blocks.map(({ block }, i) => [block, values[i]]))
  const all = linears.map(({ name, block }) => [name, byBlock.get(block) ?? sparsity] as const)
  return new Map(all.filter(([, share]) => share > 0))
}

export interface PlannedLinear extends Module {
  readonly block: number
  /** Number of weights. */
  readonly parameters: number
}

/** The entry of each linear, by module name; no linear is in two entries. */
export function entryIndex(entries: readonly PruneEntry[]): ReadonlyMap<string, PruneEntry> {
  return new Map(entries.flatMap((entry) => [...entry.sparsities.keys()].map((name) => [name, entry] as const)))
}

/** Module names of all linears that these entries prune. */
export function prunedNames(entries: readonly PruneEntry[]): Set<string> {
  return new Set(entries.flatMap(({ sparsities }) => [...sparsities.keys()]))
}
