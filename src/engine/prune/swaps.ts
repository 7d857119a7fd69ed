// Swaps of a mask's weights, and the certificate of a mask: the share of the error that its best single swap would still remove
// (docs/methods.md, "Swaps").
import type { MatrixCertificate } from '../../plan/certificate.ts'
import type { NmPattern } from '../../catalog/formats/sparsity.ts'
import { Arena } from '../compute/arena.ts'
import type { SwapFigures, SwapRule } from '../compute/pruneKernels.ts'
import { maskWords } from '../../catalog/formats/maskFile.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { PruneHost } from './host.ts'
import type { Mask } from './mask.ts'

/** The numbers of windows and tokens behind a linear's Hessian. A certificate's error is a mean over the tokens. */
export interface Seen {
  /** S of the Hessian 2/S·XᵀX. */
  readonly windows: number
  readonly tokens: number
}

/** A matrix's certificate, and for each row [O] the share of its error that the best swap would remove. */
export interface RowCertificates extends MatrixCertificate {
  readonly shares: Float64Array
}

/** A row whose error is 0 has no room. */
export function certificateOf({ after, room }: SwapFigures, { windows, tokens }: Seen): RowCertificates {
  const shares = room.map((won, r) => (won > 0 && after[r] > 0 ? Math.min(1, won / after[r]) : 0))
  const error = after.reduce((sum, value) => sum + Math.max(0, value), 0)
  const won = shares.reduce((sum, share, r) => sum + share * after[r], 0)
  return {
    rows: shares.length,
    error: (error * windows) / 2 / tokens,
    room: error > 0 ? won / error : 0,
    rows_without_room: shares.reduce((count, share) => count + Number(share === 0), 0) / shares.length,
    tokens,
    shares,
  }
}

/** M of the first pattern N:M that every row satisfies with exactly N zeros in each group; 0 if no pattern fits. */
export function groupOf({ words, columns }: Mask, patterns: readonly NmPattern[]): number {
  const perRow = maskWords(columns)
  const fits = patterns.find(({ n, m }) => {
    if (columns % m !== 0) return false
    for (let row = 0; row < words.length; row += perRow)
      for (let group = 0; group < columns; group += m) {
        let zeros = 0
        for (let j = group; j < group + m; j++) zeros += 1 - ((words[row + (j >> 5)] >>> (j & 31)) & 1)
        if (zeros !== n) return false
      }
    return true
  })
  return fits?.m ?? 0
}

/** A weight [O,I] on the host, what it was before it was pruned, and its mask. */
export interface MaskedWeight {
  readonly weight: Tensor
  readonly dense: Tensor
  readonly mask: Tensor
}

/** Why no swaps are looked for in a matrix of `columns` inputs; null where they are. */
export function tooWide({ prune }: PruneHost, name: string, columns: number): string | null {
  const { mostSwapInputs } = prune.traits
  if (columns <= mostSwapInputs) return null
  return `${name} has ${columns} inputs, and a CPU looks for swaps among at most ${mostSwapInputs}: it gets no swaps and no certificate`
}

/** Looks for swaps, and makes those that the rule asks for in the mask. On a CPU the first product is BLAS's, in f32. */
export async function swapRows(
  host: PruneHost,
  { weight, dense, mask }: MaskedWeight,
  hessian: Tensor,
  rule: SwapRule,
): Promise<SwapFigures> {
  const { kernels, prune, traits } = host
  if (!traits.inHostMemory) return await prune.swapRows(mask, weight, dense, hessian, rule, null)
  using arena = new Arena(host)
  const [residual, product] = [arena.allocate(weight.shape), arena.allocate(weight.shape)]
  kernels.convert(product, weight)
  kernels.applyMask(product, mask)
  kernels.squaredErrorBackward(residual, dense, product, 1)
  kernels.gemm(product, residual, hessian, {})
  return await prune.swapRows(mask, weight, dense, hessian, rule, product)
}
