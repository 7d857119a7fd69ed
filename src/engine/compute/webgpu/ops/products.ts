// Matrix products of linears and the Gram matrix.
import type { Kernels } from '../../kernels.ts'
import type { Gpu } from '../gpu.ts'
import { multiply, product } from './gemm/multiply.ts'

type Products = Pick<Kernels, 'linear' | 'linears' | 'linearBackwardInput' | 'linearBackwardWeight' | 'gemm' | 'gram'>

export function products(gpu: Gpu): Products {
  const self: Products = {
    linear(out, input, weight, bias) {
      const [o, i] = weight.shape
      multiply(gpu, product(out, input, weight, [input.length / i, o, i], { transB: true, bias }))
    },
    linears: (outs, input, weights, biases) =>
      weights.forEach((weight, k) => self.linear(outs[k], input, weight, biases[k])),
    linearBackwardInput(dInput, dOut, weight, accumulate) {
      const [o, i] = weight.shape
      multiply(gpu, product(dInput, dOut, weight, [dOut.length / o, i, o], { beta: Number(accumulate) }))
    },
    linearBackwardWeight(dWeight, dOut, input) {
      const [o, i] = dWeight.shape
      multiply(gpu, product(dWeight, dOut, input, [o, i, input.length / i], { transA: true, beta: 1 }))
    },
    gemm(out, a, b, options) {
      const [m, n] = out.shape
      multiply(gpu, product(out, a, b, [m, n, a.length / m], options))
    },
    gram(out, input, alpha) {
      const i = out.shape[0]
      multiply(gpu, product(out, input, input, [i, i, input.length / i], { transA: true, alpha, beta: 1 }))
    },
  }
  return self
}
