// Least squares on a fixed mask by conjugate gradients, every row by itself (docs/methods.md, "Refit"): the last step of ALPS,
// and `refit` on any mask. The unit diagonal of H is the preconditioner.
import { breathe } from '../../breathe.ts'
import { Arena } from '../../compute/arena.ts'
import { readF32 } from '../../compute/backend.ts'
import type { Tensor } from '../../compute/tensor.ts'
import type { PruneHost } from '../host.ts'

/** Moves b[O,I], which is 0 outside the mask, towards the least ‖(a − b)·H^½‖; h[I,I] has a unit diagonal. */
export async function leastSquares(
  host: PruneHost,
  b: Tensor,
  a: Tensor,
  h: Tensor,
  mask: Tensor,
  steps: number,
): Promise<void> {
  using arena = new Arena(host)
  const { kernels } = host
  const [count] = b.shape
  const matrix = () => arena.allocate(b.shape)
  const [r, q, next] = [matrix(), matrix(), matrix()]
  let p = matrix()
  let spare = next
  const factor = arena.allocate([count])
  const rows = arena.allocate([count], 'i32')
  host.write(
    rows,
    Int32Array.from({ length: count }, (_, i) => i),
  )
  /** ⟨x, y⟩ of every row. */
  const dot = async (x: Tensor, y: Tensor) => {
    kernels.rowDot(factor, x, y)
    return Float64Array.from(await readF32(host, factor))
  }
  /** out += s_row · x. */
  const addRows = (out: Tensor, x: Tensor, s: Float64Array) => {
    host.write(factor, Float32Array.from(s))
    kernels.scatterAddRows(out, x, rows, factor)
  }
  kernels.squaredErrorBackward(q, a, b, 1)
  kernels.gemm(r, q, h, {})
  kernels.applyMask(r, mask)
  kernels.convert(p, r)
  let rr = await dot(r, r)
  const least = rr.map((value) => converged * value)
  /** value / by for rows that have not converged, 0 for the others. */
  const ratio = (value: Float64Array, by: Float64Array) =>
    rr.map((left, i) => (left > least[i] ? value[i] / (by[i] || tiny) : 0))
  for (let step = 0; step < steps; step++) {
    await breathe()
    kernels.gemm(q, p, h, {})
    kernels.applyMask(q, mask)
    // P is 0 outside the mask: the masked Q has the same ⟨P, Q⟩.
    const curvature = await dot(p, q)
    const alpha = ratio(rr, curvature)
    addRows(b, p, alpha)
    addRows(
      r,
      q,
      alpha.map((value) => -value),
    )
    const before = rr
    rr = await dot(r, r)
    kernels.convert(spare, r)
    addRows(spare, p, ratio(rr, before))
    ;[p, spare] = [spare, p]
  }
}

/** A row stops once its squared residual is this share of the first: f32 resolves no less, and ratios of rounding errors would ruin it. */
const converged = 1e-12

/** Stands in for a denominator of 0. */
const tiny = 1e-8
