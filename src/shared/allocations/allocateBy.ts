// How the sparsity of a recipe can be spread over the blocks on a person's wish.
import { allocationNames, isMeasured, type AllocationName } from './allocations.ts'

/** error: a list that costs every block the same, from an analysis. The others measure when the recipe runs. */
export type AllocateBy = 'error' | AllocationName
export const allocateBy: readonly AllocateBy[] = ['error', ...allocationNames.filter(isMeasured)]
