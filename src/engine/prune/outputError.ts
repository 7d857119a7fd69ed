// The squared error of a linear's outputs against its dense ones, over all inputs that its Hessian was summed over.
import { Arena } from '../compute/arena.ts'
import { readF32, type Backend } from '../compute/backend.ts'
import type { Tensor } from '../compute/tensor.ts'

/** Σ over the rows of e·H·eᵀ, e = weight − dense: with H = 2/S·XᵀX, 2/S·‖X·eᵀ‖². All [O, I] and [I, I] on the backend. */
export async function outputError(backend: Backend, weight: Tensor, dense: Tensor, hessian: Tensor): Promise<number> {
  using arena = new Arena(backend)
  const e = arena.allocate(weight.shape)
  backend.kernels.squaredErrorBackward(e, weight, dense, 1)
  return outputEnergy(backend, e, hessian)
}

/** The same of a weight itself: Σ over the rows of w·H·wᵀ. */
export async function outputEnergy(backend: Backend, weight: Tensor, hessian: Tensor): Promise<number> {
  using arena = new Arena(backend)
  const product = arena.allocate(weight.shape)
  const rows = arena.allocate([weight.shape[0]])
  backend.kernels.gemm(product, weight, hessian, {})
  backend.kernels.rowDot(rows, weight, product)
  return (await readF32(backend, rows)).reduce((a, b) => a + b, 0)
}
