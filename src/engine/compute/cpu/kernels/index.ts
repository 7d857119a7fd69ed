// The operations of the CPU backend: each computes addresses and sizes, and hands a task to the pool.
import type { FusedKernels, Kernels } from '../../kernels.ts'
import type { Runner } from '../pool.ts'
import { adapters } from './adapters.ts'
import { attention, fusedAttention } from './attention.ts'
import { elementwise, norms, rowOps } from './elementwise.ts'
import { fusedLinear, products } from './products.ts'
import { training } from './training.ts'

export function cpuKernels(pool: Runner): Kernels {
  const own = {
    ...products(pool),
    ...adapters(pool),
    ...rowOps(pool),
    ...norms(pool),
    ...attention(pool),
    ...elementwise(pool),
    ...training(pool),
  }
  return { ...own, ...inSteps(own) }
}

type Steps = 'linear' | 'layerNormBackward' | 'rmsNormBackward'

/** What a GPU does in one dispatch, and a processor as fast in two. */
export function inSteps(own: Pick<Kernels, Steps | 'addScaled'>): Pick<Kernels, Steps> {
  return {
    linear(out, input, weight, bias, residual) {
      own.linear(out, input, weight, bias)
      if (residual) own.addScaled(out, residual, 1)
    },
    layerNormBackward(dX, dWeight, dBias, dOut, x, mean, rstd, weight, residual) {
      own.layerNormBackward(dX, dWeight, dBias, dOut, x, mean, rstd, weight)
      if (residual) own.addScaled(dX, residual, 1)
    },
    rmsNormBackward(dX, dWeight, dOut, x, rstd, weight, unitOffset, residual) {
      own.rmsNormBackward(dX, dWeight, dOut, x, rstd, weight, unitOffset)
      if (residual) own.addScaled(dX, residual, 1)
    },
  }
}

/** Those that oneDNN's primitives do in one pass. */
export function cpuFused(pool: Runner): FusedKernels {
  return { linearActivated: fusedLinear(pool), attentionAlone: fusedAttention(pool) }
}
