import type { AllocationName } from '../../../catalog/allocations/allocations.ts'
import type { Measure } from './allocation.ts'
import { outlierPercentage } from './owl.ts'

/** null where nothing is measured. */
export const measures: Readonly<Record<AllocationName, Measure | null>> = {
  uniform: null,
  depth: null,
  owl: (linears, { threshold }) => outlierPercentage(linears, threshold),
}
