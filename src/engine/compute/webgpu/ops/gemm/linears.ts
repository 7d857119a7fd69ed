// Linears, their backwards and Gram matrices as products.
import { bytesPerElement } from '../../../../dtype.ts'
import type { Activation, Kernels } from '../../../kernels.ts'
import { rows, type Tensor } from '../../../tensor.ts'
import { type Gpu, maxGroups } from '../../shader.ts'
import { kindOf } from '../activations.ts'
import { fewRowsColumns, severalVariant } from './fewRows.ts'
import { addParts, multiply, multiplyAll, multiplyAtOnce, product, type Product } from './multiply.ts'

/**
 * Linears of one row without biases in one dispatch, or f(first) ⊙ second with `gate`. Results have the same bytes as from one dispatch
 * each. Does nothing and returns false if the device uses other products, or these do not fit.
 */
function linearsAtOnce(
  gpu: Gpu,
  [outs, input, weights, biases]: Parameters<Kernels['linears']>,
  gate: Activation | null,
): boolean {
  const [k, { dtype }] = [input.length, weights[0]]
  const isPlain = biases.every((bias) => bias === null) && weights.every((w) => w.dtype === dtype && w.shape[1] === k)
  if (gpu.smallSubgroups || gpu.tensorProducts || !isPlain) return false
  const variant = severalVariant(input, weights, gate !== null)
  const widths = weights.map(({ shape }) => shape[0])
  const n = widths.reduce((sum, width) => sum + width, 0)
  const groups = (gate ? widths.slice(1) : widths).reduce((sum, width) => sum + Math.ceil(width / fewRowsColumns), 0)
  const fits = weights.every((w) => w.length * bytesPerElement[dtype] <= gpu.reachBytes) && groups <= maxGroups
  if (!variant || !fits || 2 * n * k > gpu.flopsPerDispatch) return false
  gpu.run({
    variant,
    tensors: [...outs, input, ...weights],
    params: [1, n, k, k, ...widths, gate ? kindOf(gate) : 0],
    groups: [groups, 1, 1],
    flops: 2 * n * k,
  })
  return true
}

/** Matrix products of linears and the Gram matrix. */
export function products(gpu: Gpu, { gated, activationBackward }: Pick<Kernels, 'gated' | 'activationBackward'>) {
  const linear = (out: Tensor, input: Tensor, weight: Tensor, bias: Tensor | null, residual: Tensor | null = null) => {
    const [o, i] = weight.shape
    return product(out, input, weight, [input.length / i, o, i], { transB: true, bias, residual, exact: false })
  }
  const backward = (dInput: Tensor, dOut: Tensor, weight: Tensor, accumulate: boolean, rest: Partial<Product> = {}) => {
    const [o, i] = weight.shape
    return product(dInput, dOut, weight, [dOut.length / o, i, o], { beta: Number(accumulate), exact: false, ...rest })
  }
  const linears: Kernels['linears'] = (outs, input, weights, biases) => {
    if (input.length === weights[0].shape[1] && linearsAtOnce(gpu, [outs, input, weights, biases], null)) return
    multiplyAll(
      gpu,
      weights.map((weight, k) => linear(outs[k], input, weight, biases[k])),
    )
  }
  const linearBackwardInput: Kernels['linearBackwardInput'] = (dInput, dOut, weight, accumulate, slope = null) => {
    const one = backward(dInput, dOut, weight, accumulate, slope ? { narrow: null } : {})
    if (!slope) return multiply(gpu, one)
    const { x, kind } = slope
    const isVectors = !accumulate && weight.dtype === 'f32' && x.offset % 4 === 0
    if (isVectors && multiplyAtOnce(gpu, [one], [{ kind: 'sloped', x, activation: kindOf(kind) }])) return
    multiply(gpu, one)
    activationBackward(dInput, dInput, x, kind)
  }
  return {
    linears,
    linearBackwardInput,
    linear: (out, input, weight, bias, residual) => multiply(gpu, linear(out, input, weight, bias, residual)),
    gatedLinears(out, [gate, up], input, weights, biases, kind) {
      if (linearsAtOnce(gpu, [[out], input, weights, biases], kind)) return
      linears([gate, up], input, weights, biases)
      gated(out, gate, up, kind)
    },
    linearsBackwardInput(dInput, dOuts, weights) {
      const sums = gpu.scratch([dOuts.length, dInput.length])
      const all = weights.map((weight, k) => backward(rows(sums, k, k + 1), dOuts[k], weight, false))
      if (multiplyAtOnce(gpu, all)) addParts(gpu, { ...all[0], out: dInput }, sums, all.length)
      else weights.forEach((weight, k) => linearBackwardInput(dInput, dOuts[k], weight, k > 0))
    },
    linearBackwardWeight(dWeight, dOut, input) {
      const [o, i] = dWeight.shape
      multiply(gpu, product(dWeight, dOut, input, [o, i, input.length / i], { transA: true, beta: 1, exact: false }))
    },
    gemm(out, a, b, options) {
      const [m, n] = out.shape
      multiply(gpu, product(out, a, b, [m, n, a.length / m], options))
    },
    gram(out, input, alpha) {
      const i = out.shape[0]
      multiply(gpu, product(out, input, input, [i, i, input.length / i], { transA: true, alpha, beta: 1 }))
    },
  } satisfies Partial<Kernels>
}
