// Masks of the largest |x|, on which methods that solve project again and again. Of equal ones the lower index goes first.
import type { NmPattern } from '../../../shared/format/nm.ts'
import type { Tensor } from '../../compute/tensor.ts'
import type { PruneHost } from '../host.ts'
import { countScores, findLimit, requireFinite } from '../select.ts'

/** What goes: so many of the matrix, so many of every row, or N of every M. */
export type Projection = { readonly drop: number } | { readonly perRow: number } | { readonly pattern: NmPattern }

/** Writes the mask of x[O,I] without the least |x|. @throws EngineError 'numeric' when some are not finite */
export async function keepLargest(
  host: PruneHost,
  mask: Tensor,
  x: Tensor,
  projection: Projection,
  name: string,
): Promise<void> {
  const { prune } = host
  if ('pattern' in projection) return requireFinite(await prune.maskGroups(mask, x, null, projection.pattern), name)
  if ('perRow' in projection) return requireFinite(await prune.maskRows(mask, x, null, projection.perRow, false), name)
  const scored = { weight: x, scale: null, columns: null }
  const limit = await findLimit(
    prune.traits,
    (counts, digit) => countScores(prune, counts, scored, digit, name),
    x.length,
    projection.drop,
    'exact',
    false,
  )
  await prune.maskBelow(mask, scored, limit)
}
