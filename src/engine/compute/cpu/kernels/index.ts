// The operations of the CPU backend: each computes addresses and sizes, and hands a task to the pool.
import type { FusedKernels, Kernels } from '../../kernels.ts'
import type { Runner } from '../pool.ts'
import { adapters } from './adapters.ts'
import { attention, fusedAttention } from './attention.ts'
import { elementwise, norms, rowOps } from './elementwise.ts'
import { fusedLinear, products } from './products.ts'
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

/** Those that oneDNN's primitives do in one pass. */
export function cpuFused(pool: Runner): FusedKernels {
  return { linearActivated: fusedLinear(pool), attentionAlone: fusedAttention(pool) }
}
