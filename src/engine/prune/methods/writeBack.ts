// Methods that solve for A = W·diag(n) end here: A goes back to the units of the weights and is checked for finite values.
import type { Tensor } from '../../compute/tensor.ts'
import { Arena } from '../../compute/arena.ts'
import { readF32 } from '../../compute/backend.ts'
import { EngineError } from '../../errors.ts'
import type { PruneHost } from '../host.ts'
import type { ColumnScale } from './hessian.ts'

/** out = A·diag(1/n) with exact zeros outside the mask. @throws EngineError 'numeric' when that is not finite */
export async function writeBack(
  host: PruneHost,
  { weight, mask, name }: { readonly weight: Tensor; readonly mask: Tensor; readonly name: string },
  solved: Tensor,
  { inverse }: ColumnScale,
): Promise<void> {
  const rows = weight.shape[0]
  using arena = new Arena(host)
  const [ones, squares] = [arena.allocate([rows]), arena.allocate([rows])]
  host.kernels.fill(ones, 1)
  host.kernels.scaleWeight(weight, solved, ones, inverse, 1)
  host.kernels.applyMask(weight, mask)
  host.kernels.rowDot(squares, weight, weight)
  if ((await readF32(host, squares)).every(Number.isFinite)) return
  throw new EngineError(
    'numeric',
    `${name}: pruning diverged to values that are not finite; set a larger dampening or use more calibration samples`,
  )
}
