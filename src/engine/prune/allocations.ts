// The measures that allocations take of a block of the dense model; their rows in src/catalog/allocations say everything else.
import type { AllocationName } from '../../catalog/allocations/allocations.ts'
import type { SettledSettings } from '../../catalog/allocations/allocation.ts'

export interface SeenLinear {
  /** [O, I]. */
  readonly weight: Float32Array
  /** ‖x_j‖ by input, over the same windows for all linears; null when the linear saw no token. */
  readonly norms: Float64Array | null
}

export type Measure = (linears: readonly SeenLinear[], settings: SettledSettings) => number

/** null where nothing is measured. */
export const measures: Readonly<Record<AllocationName, Measure | null>> = {
  uniform: null,
  depth: null,
  owl: (linears, { threshold }) => outlierPercentage(linears, threshold),
}

// OWL (arXiv 2310.05175; docs/methods.md, "OWL"): how many of a block's Wanda scores are outliers.

/** Percentage of all scores |w_ij| · ‖x_j‖ of the linears together that exceed `threshold` times their mean. */
export function outlierPercentage(linears: readonly SeenLinear[], threshold: number): number {
  let [sum, size] = [0, 0]
  eachScore(linears, (score) => {
    sum += score
    size += 1
  })
  const limit = (threshold * sum) / size
  let outliers = 0
  eachScore(linears, (score) => {
    if (score > limit) outliers += 1
  })
  return size > 0 ? (100 * outliers) / size : 0
}

/** Weights of a linear that saw no token have score 0: they count in the mean, and are never outliers. */
function eachScore(linears: readonly SeenLinear[], body: (score: number) => void): void {
  for (const { weight, norms } of linears) {
    const columns = norms?.length ?? 1
    for (let i = 0; i < weight.length; i++) body(norms ? Math.abs(weight[i]) * norms[i % columns] : 0)
  }
}
