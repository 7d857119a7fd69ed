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

/** Whether it spreads one number over the blocks. */
export function spreadsOne(name: AllocationName): boolean {
  return allocationOf(name).spread !== null
}

/** `evenly`, `by depth`, `by OWL`: an abbreviation stays as it is. */
export function howSpread(name: AllocationName): string {
  const { title } = allocationOf(name)
  return spreadsOne(name) ? `by ${title === title.toUpperCase() ? title : title.toLowerCase()}` : 'evenly'
}

/** Whether it measures the dense model: a recipe with it needs `calibration`. */
export function isMeasured(name: AllocationName): boolean {
  return allocationOf(name).needs !== 'nothing'
}

/** Whether a run finds out one of these settings by trying. */
export function isTried(settings: AllocationSettings = {}): boolean {
  return Object.values(settings).includes(tried)
}

/** The keys that the allocation takes, with its defaults. */
export function allocationSettings(name: AllocationName, given: AllocationSettings = {}): AllocationSettings {
  const { keys } = allocationOf(name)
  return Object.fromEntries(keysOf(name).map((key) => [key, given[key] ?? keys[key]]))
}
