// How far a matrix keeps to a pattern N:M, in words.
import { isKept, keptShare } from '../../src/catalog/formats/sparsity.ts'
import { formatShare } from '../../src/formatting/numbers.ts'
import type { TensorStats } from '../../src/protocol/inspect.ts'

/** "valid" when every group obeys; the share that does; "no" where hardly any does; n/a where the inputs do not divide. */
export function nmText(stats: TensorStats | undefined, pattern: string): string {
  const found = stats?.nm[pattern]
  if (!stats) return '–'
  if (!found) return 'n/a'
  if (found.violations === 0) return 'valid'
  return isKept(found) ? formatShare(keptShare(found), 1) : 'no'
}

/** By which the column is ordered. */
export function nmKey(stats: TensorStats | undefined, pattern: string): number | null {
  const found = stats?.nm[pattern]
  return found ? keptShare(found) : null
}
