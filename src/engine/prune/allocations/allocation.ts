// The measure that an allocation takes of a block of the dense model; its row in src/catalog/allocations says everything else.
import type { SettledSettings } from '../../../catalog/allocations/allocation.ts'

export interface SeenLinear {
  /** [O, I]. */
  readonly weight: Float32Array
  /** ‖x_j‖ by input, over the same windows for all linears; null when the linear saw no token. */
  readonly norms: Float64Array | null
}

export type Measure = (linears: readonly SeenLinear[], settings: SettledSettings) => number
