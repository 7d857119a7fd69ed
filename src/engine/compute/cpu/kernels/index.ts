// The operations of the CPU backend: each computes addresses and sizes, and hands a task to the pool.
import type { Kernels } from '../../kernels.ts'
import type { Runner } from '../pool.ts'
import { adapters } from './adapters.ts'
import { attention } from './attention.ts'
import { elementwise, norms, rowOps } from './elementwise.ts'
import { products } from './products.ts'
import { training } from './training.ts'

export function cpuKernels(pool: Runner): Kernels {
  return {
    ...products(pool),
    ...adapters(pool),
    ...rowOps(pool),
    ...norms(pool),
    ...attention(pool),
    ...elementwise(pool),
    ...training(pool),
  }
}
