// The ways in which a person may have the sparsity of a recipe spread over the blocks.
import { allocationNames, isMeasured, type AllocationName } from './allocations.ts'

/** `error` makes a list that costs every block the same, from an analysis. The others measure when the recipe runs. */
export type AllocateBy = 'error' | AllocationName
export const allocateBy: readonly AllocateBy[] = ['error', ...allocationNames.filter(isMeasured)]
