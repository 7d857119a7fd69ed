// The operations of the CPU backend: each computes addresses and sizes, and hands a task to the pool.
import type { FusedKernels, Kernels } from '../../kernels.ts'
import { slice } from '../../tensor.ts'
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

type Changed =
  | 'linear'
  | 'linearBackwardInput'
  | 'loraBackward'
  | 'layerNormBackward'
  | 'rmsNormBackward'
  | 'attentionStep'
type Several = 'gatedLinears' | 'linearsBackwardInput' | 'loraWeights' | 'lorasBackward'
type Steps = Changed | Several

type Own = Changed | 'linears' | 'loraWeight' | 'activationBackward' | 'gated' | 'columnSum' | 'addScaled' | 'rope'

/** Operations that a GPU runs in one dispatch. On a CPU, several kernels in sequence are as fast. */
export function inSteps(own: Pick<Kernels, Own>): Pick<Kernels, Steps> {
  const self: Pick<Kernels, Steps> = {
    linear(out, input, weight, bias, residual) {
      own.linear(out, input, weight, bias)
      if (residual) own.addScaled(out, residual, 1)
    },
    linearBackwardInput(dInput, dOut, weight, accumulate, slope) {
      own.linearBackwardInput(dInput, dOut, weight, accumulate)
      if (slope) own.activationBackward(dInput, dInput, slope.x, slope.kind)
    },
    gatedLinears(out, [gate, up], input, weights, biases, kind) {
      own.linears([gate, up], input, weights, biases)
      own.gated(out, gate, up, kind)
    },
    loraBackward(dA, dB, dOut, input, mask, a, b, scale, dBias) {
      if (dBias) own.columnSum(dBias, dOut)
      own.loraBackward(dA, dB, dOut, input, mask, a, b, scale)
    },
    lorasBackward: (loras, input, scale) =>
      loras.forEach(({ dA, dB, dOut, mask, a, b, dBias }) =>
        self.loraBackward(dA, dB, dOut, input, mask, a, b, scale, dBias),
      ),
    loraWeights: (loras, scale) =>
      loras.forEach(({ out, weight, mask, a, b }) => own.loraWeight(out, weight, mask, a, b, scale)),
    linearsBackwardInput: (dInput, dOuts, weights) =>
      weights.forEach((weight, k) => own.linearBackwardInput(dInput, dOuts[k], weight, k > 0)),
    layerNormBackward(dX, dWeight, dBias, dOut, x, mean, rstd, weight, residual) {
      own.layerNormBackward(dX, dWeight, dBias, dOut, x, mean, rstd, weight)
      if (residual) own.addScaled(dX, residual, 1)
    },
    rmsNormBackward(dX, dWeight, dOut, x, rstd, weight, unitOffset, residual) {
      own.rmsNormBackward(dX, dWeight, dOut, x, rstd, weight, unitOffset)
      if (residual) own.addScaled(dX, residual, 1)
    },
    attentionStep(out, q, k, v, keys, values, shape, rotation) {
      if (rotation) {
        const { tables, rotaryDim } = rotation
        const [cos, sin] = [0, 1].map((i) => slice(tables, (i * rotaryDim) / 2, [1, rotaryDim / 2]))
        const turn = { seqLen: 1, headDim: shape.headDim, rotaryDim, inverse: false }
        own.rope(q, cos, sin, { ...turn, numHeads: shape.numHeads })
        own.rope(k, cos, sin, { ...turn, numHeads: shape.numKvHeads })
      }
      own.attentionStep(out, q, k, v, keys, values, shape)
    },
  }
  return self
}

/** The fused kernels, by oneDNN's primitives. */
export function cpuFused(pool: Runner): FusedKernels {
  return { linearActivated: fusedLinear(pool), attentionAlone: fusedAttention(pool) }
}
