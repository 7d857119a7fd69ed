// Masks of the largest |x|, the projection of methods that solve. Of equal entries the lower index is pruned first.
import type { NmPattern } from '../../../catalog/formats/sparsity.ts'
import type { Tensor } from '../../compute/tensor.ts'
import type { PruneHost } from '../host.ts'
import { requireFinite, type RankMasks } from '../select.ts'

/** How many entries become 0: `drop` of the matrix, `perRow` of every row, or N of every M. */
export type Projection = { readonly drop: number } | { readonly perRow: number } | { readonly pattern: NmPattern }

/** Writes the mask of x[O,I] without the least |x|. @throws EngineError 'numeric' when some are not finite, or `masks.check` does. */
export async function keepLargest(
  host: PruneHost,
  mask: Tensor,
  x: Tensor,
  projection: Projection,
  name: string,
  masks: RankMasks,
): Promise<void> {
  const { prune } = host
  if ('pattern' in projection) return requireFinite(await prune.maskGroups(mask, x, null, projection.pattern), name)
  if ('perRow' in projection) return requireFinite(await prune.maskRows(mask, x, null, projection.perRow, false), name)
  await masks.prune(mask, { weight: x, scale: null, columns: null }, projection.drop, 'exact')
}
