// What an allocation measures of a block of the dense model; its row in src/shared/allocations says everything else.
import type { AllocationSettings } from '../../../shared/allocations/allocation.ts'
import type { AllocationName } from '../../../shared/allocations/allocations.ts'
import { outlierPercentage } from './owl.ts'

export interface SeenLinear {
  /** [O, I]. */
  readonly weight: Float32Array
  /** ‖x_j‖ by input, over the same windows for all linears; null when the linear saw no token. */
  readonly norms: Float64Array | null
}

export type Measure = (linears: readonly SeenLinear[], settings: Required<AllocationSettings>) => number

/** null: nothing is measured. */
export const measures: Readonly<Record<AllocationName, Measure | null>> = {
  uniform: null,
  owl: (linears, { threshold }) => outlierPercentage(linears, threshold),
}
