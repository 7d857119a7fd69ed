// One sentence for people: did sparsity survive?
import type { CompareSummary } from '../../../shared/protocol/inspect.ts'

export interface MaskCounts {
  /** Matrices of A that could bear a mask. */
  matrices: number
  /** Those of which B fills zeros, and how many weights. */
  broken: number
  brokenWeights: number
  /** Those that B has not, or in another shape. */
  lost: number
}

export function verdictOf(summary: Omit<CompareSummary, 'verdict'>, counts: MaskCounts): string {
  const { added, removed, reshaped, changed } = summary
  const { matrices, broken, brokenWeights, lost } = counts
  if (broken > 0) {
    const number = brokenWeights.toLocaleString('en')
    return `Sparsity was lost: B fills ${broken} of ${matrices} matrices, ${number} pruned weights are no longer zero (merging a LoRA or fine-tuning without a mask does this).`
  }
  if (lost > 0)
    return `Sparsity cannot be confirmed: B lacks ${lost} of ${matrices} matrices, or has them in another shape.`
  if (changed.length + added.length + removed.length + reshaped.length === 0) return 'A and B hold the same values.'
  const moved = changed.length === 1 ? '1 tensor changed' : `${changed.length} tensors changed`
  return `The mask is preserved: every zero of A's ${matrices} matrices is still zero in B; ${moved}.`
}
