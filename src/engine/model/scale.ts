// Some families scale their logits, and their branches before they are added to the residual stream.
import type { Arena } from '../compute/arena.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { Step } from './module.ts'

/** x · by, in `arena`; x itself where `by` is 1. */
export function scaled({ backend }: Pick<Step, 'backend'>, arena: Arena, x: Tensor, by: number): Tensor {
  if (by === 1) return x
  const output = arena.allocate(x.shape)
  backend.kernels.fill(output, 0)
  backend.kernels.addScaled(output, x, by)
  return output
}

/** out = x + by · branch. */
export function addBranch(
  { backend }: Pick<Step, 'backend'>,
  out: Tensor,
  x: Tensor,
  branch: Tensor,
  by: number,
): void {
  if (by === 1) return backend.kernels.add(out, x, branch)
  backend.kernels.convert(out, x)
  backend.kernels.addScaled(out, branch, by)
}
