// All allocations. Outside their own files nothing compares their names: what differs between them is in the rows.
import { tried, type Allocation, type AllocationKey, type AllocationSettings } from './allocation.ts'
import { depth } from './depth.ts'
import { owl } from './owl.ts'
import { uniform } from './uniform.ts'

export const allocations = { uniform, depth, owl } satisfies Record<string, Allocation>

/** Name of an allocation in recipes. */
export type AllocationName = keyof typeof allocations

export const allocationNames = Object.keys(allocations) as AllocationName[]

/** The default allocation. */
export const defaultAllocation = 'uniform' satisfies AllocationName

export function allocationOf(name: AllocationName): Allocation {
  return allocations[name]
}

export function keysOf(name: AllocationName): AllocationKey[] {
  return Object.keys(allocationOf(name).keys) as AllocationKey[]
}

/** Whether an allocation spreads one sparsity over the blocks. */
export function spreadsOne(name: AllocationName): boolean {
  return allocationOf(name).spread !== null
}

/** `evenly`, `by depth` or `by OWL`. A title that is an abbreviation keeps its capitals. */
export function howSpread(name: AllocationName): string {
  const { title } = allocationOf(name)
  return spreadsOne(name) ? `by ${title === title.toUpperCase() ? title : title.toLowerCase()}` : 'evenly'
}

/** Whether an allocation measures the dense model, and a recipe with it therefore needs `calibration`. */
export function isMeasured(name: AllocationName): boolean {
  return allocationOf(name).needs !== 'nothing'
}

/** Whether a run chooses the value of one of these settings by trying several. */
export function isTried(settings: AllocationSettings = {}): boolean {
  return Object.values(settings).includes(tried)
}

/** The keys that the allocation takes, with its defaults. */
export function allocationSettings(name: AllocationName, given: AllocationSettings = {}): AllocationSettings {
  const { keys } = allocationOf(name)
  return Object.fromEntries(keysOf(name).map((key) => [key, given[key] ?? keys[key]]))
}
