// Matrix products of linears and the Gram matrix.
import type { Kernels } from '../../kernels.ts'
import type { Gpu } from '../gpu.ts'
import type { Variant } from '../shader.ts'
import { fewRowsVariants } from './gemm/fewRows.ts'
import { multiply, product } from './gemm/multiply.ts'
import { portableVariants } from './gemm/portable.ts'
import { smallProducts } from './gemm/small.ts'
import { tensorVariants } from './gemm/tensorCores.ts'

type Products = Pick<Kernels, 'linear' | 'linears' | 'linearBackwardInput' | 'linearBackwardWeight' | 'gemm' | 'gram'>

export const productVariants: readonly Variant[] = [...portableVariants, ...fewRowsVariants]
/** Need the features of subgroup matrices; every shape that adapters are known to list. */
export const tensorCoreVariants: readonly Variant[] = [
  { m: 16, n: 16, k: 16 },
  { m: 16, n: 8, k: 16 },
  { m: 8, n: 16, k: 16 },
  { m: 16, n: 8, k: 8 },
  { m: 8, n: 8, k: 8 },
].flatMap((shape) => tensorVariants({ shape, subgroupSize: 32 }))
/** Need the feature `subgroups` and subgroups of 8. */
export const smallSubgroupVariants: readonly Variant[] = Object.values(smallProducts).flatMap((products) =>
  products.map(({ variant }) => variant),
)

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
