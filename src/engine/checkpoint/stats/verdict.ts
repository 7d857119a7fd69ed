// Says in one sentence whether sparsity survived.
import type { CompareSummary } from '../../../protocol/inspect.ts'
import { formatShare, plural } from '../../../formatting/numbers.ts'

export interface MaskCounts {
  /** Tensors that both have. */
  shared: number
  /** Matrices of A that could bear a mask. */
  matrices: number
  /** Matrices of which B fills zeros, and how many weights. */
  broken: number
  brokenWeights: number
  /** Those among them that are the same in A, which does not keep to the mask that lies beside it. */
  stale: number
  /** Matrices that B lacks, or has in another shape. */
  lost: number
  /** A prunes a weight of a matrix that B has too. */
  prunes: boolean
}

/** null where there is nothing to compare: A prunes no weight of a matrix that B could have. */
export function isMaskPreserved({ shared, broken, lost, prunes }: MaskCounts): boolean | null {
  if (broken > 0 || (lost > 0 && shared > 0)) return false
  return prunes ? true : null
}

export function verdictOf(summary: Omit<CompareSummary, 'verdict'>, counts: MaskCounts): string {
  const { added, removed, reshaped, changed } = summary
  const { shared, matrices, broken, brokenWeights, stale, lost, prunes } = counts
  if (shared === 0) return 'Nothing to compare: A and B have no tensor in common.'
  if (broken > 0) {
    const number = brokenWeights.toLocaleString('en')
    const why =
      broken === stale
        ? 'A is not what its mask file was made for'
        : 'merging a LoRA or fine-tuning without a mask does this'
    return `Sparsity was lost: B fills ${broken} of ${matrices} matrices, ${number} pruned weights are not zero (${why}).`
  }
  if (lost > 0)
    return `Sparsity cannot be confirmed: B lacks ${lost} of ${matrices} matrices, or has them in another shape.`
  const equal = changed.length + added.length + removed.length + reshaped.length === 0
  const moved = `${plural(changed.length, 'tensor')} changed`
  const pruned = changed.filter(({ role, emptied }) => role === 'linear' && emptied > 0)
  if (!prunes && pruned.length > 0) {
    const sum = (key: 'emptied' | 'parameters') => pruned.reduce((total, change) => total + change[key], 0)
    const share = formatShare(sum('emptied') / sum('parameters'))
    return `B is A pruned: ${share} of the weights of ${pruned.length} of ${matrices} matrices are new zeros, nothing was refilled; ${moved}.`
  }
  if (!prunes) {
    const dense = matrices === 0 ? 'A has no matrices' : `A's ${matrices} matrices have no zeros`
    return `No mask, nothing to compare: ${dense}; ${equal ? 'A and B hold the same values' : moved}.`
  }
  if (equal) return 'A and B hold the same values.'
  return `The mask is preserved: every zero of A's ${matrices} matrices is still zero in B; ${moved}.`
}
