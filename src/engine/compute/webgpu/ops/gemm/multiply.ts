// Plans a matrix product: windows of operands too large to bind, dispatches short enough for a watchdog, and the
// shader for its shape and the device.
import { bytesPerElement } from '../../../../dtype.ts'
import { slice, type Tensor } from '../../../tensor.ts'
import { dtypeCode, type Gpu, maxGroups, pieces, type Variant } from '../../shader.ts'
import { fewRowsColumns, fewRowsVariants, hasFewRows, portableTile, portableVariants } from './portable.ts'
import { type Batch, gemmParams, single, type Sizes } from './params.ts'
import { smallProducts } from './small.ts'
import { tensorTile } from './tensorCores.ts'
import type { Kernels } from '../../../kernels.ts'

/**
 * out[m,n] = alpha · op(a) · op(b) + bias + beta · out. Of each tensor only the first element's place counts; rows are
 * lda, ldb and ldc apart. b may be 16-bit.
 */
export interface Product extends Sizes {
  readonly out: Tensor
  readonly a: Tensor
  readonly b: Tensor
  readonly bias: Tensor | null
  /** Inputs keep all bits of f32 (the default). Only products of a model's linears may be rounded to f16, by tensor cores. */
  readonly exact?: boolean
  /** A part of one with many rows is multiplied as that is, though few are left: the cut must not show in the sums. */
  readonly isPart?: boolean
}

/** No shader's tile has fewer rows. */
const leastRows = 8
/** Pieces are multiples of every shader's tile. */
const granule = 64

/** Row-major operands without gaps, as the kernels' tensors are. */
export function product(
  out: Tensor,
  a: Tensor,
  b: Tensor,
  sizes: [m: number, n: number, k: number],
  rest: Partial<Product> = {},
): Product {
  const [m, n, k] = sizes
  const { transA = false, transB = false, alpha = 1, beta = 0, bias = null, exact, isPart } = rest
  const { lda = transA ? m : k, ldb = transB ? k : n, ldc = n } = rest
  return { out, a, b, m, n, k, lda, ldb, ldc, transA, transB, alpha, beta, bias, exact, isPart }
}

/** Splits what does not fit, in an order that depends on shapes and limits only, and runs the parts. */
export function multiply(gpu: Gpu, p: Product): void {
  if (p.m === 0 || p.n === 0) return
  const rowsIn = (t: Tensor, stride: number) =>
    Math.max(1, Math.floor(gpu.reachBytes / bytesPerElement[t.dtype] / stride))
  const outRows = Math.min(rowsIn(p.out, p.ldc), maxGroups * leastRows)
  const aRows = rowsIn(p.a, p.lda)
  const bRows = rowsIn(p.b, p.ldb)
  if (p.m > outRows) return splitRows(gpu, p, outRows)
  if (!p.transA && p.m > aRows) return splitRows(gpu, p, aRows)
  if (p.transB && p.n > bRows) return splitColumns(gpu, p, bRows)
  const depth = Math.min(p.transA ? aRows : p.k, p.transB ? p.k : bRows)
  if (p.k > depth) return splitDepth(gpu, p, depth)
  const flops = 2 * p.m * p.n * p.k
  const { flopsPerDispatch } = gpu
  if (flops > flopsPerDispatch && p.m > granule)
    return splitRows(gpu, p, Math.max(granule, Math.floor(p.m * (flopsPerDispatch / flops))))
  if (flops > flopsPerDispatch && p.n > granule)
    return splitColumns(gpu, p, Math.max(granule, Math.floor(p.n * (flopsPerDispatch / flops))))
  runProduct(gpu, p, single)
}

function splitRows(gpu: Gpu, p: Product, most: number): void {
  for (const [start, end] of pieces(p.m, most, Math.min(granule, most)))
    multiply(gpu, {
      ...p,
      isPart: true,
      m: end - start,
      out: from(p.out, start * p.ldc),
      a: from(p.a, p.transA ? start : start * p.lda),
    })
}

function splitColumns(gpu: Gpu, p: Product, most: number): void {
  for (const [start, end] of pieces(p.n, most, Math.min(granule, most)))
    multiply(gpu, {
      ...p,
      n: end - start,
      out: from(p.out, start),
      b: from(p.b, p.transB ? start * p.ldb : start),
      bias: p.bias && from(p.bias, start),
    })
}

function splitDepth(gpu: Gpu, p: Product, most: number): void {
  for (const [start, end] of pieces(p.k, most, Math.min(granule, most)))
    multiply(gpu, {
      ...p,
      k: end - start,
      a: from(p.a, p.transA ? start * p.lda : start),
      b: from(p.b, p.transB ? start : start * p.ldb),
      bias: start === 0 ? p.bias : null,
      beta: start === 0 ? p.beta : 1,
    })
}

function from(tensor: Tensor, elements: number): Tensor {
  return slice(tensor, elements, [tensor.length - elements])
}

/** A batch of products in one dispatch; everything fits into windows. */
export function runProduct(gpu: Gpu, p: Product, batch: Batch): void {
  const { m, n, k } = p
  const reach = (strides: readonly [number, number]) =>
    (batch.count / batch.inner - 1) * strides[0] + (batch.inner - 1) * strides[1]
  const part = (t: Tensor, rows: number, stride: number, width: number, strides: readonly [number, number]) =>
    slice(t, 0, [reach(strides) + (rows - 1) * stride + width])
  const a = p.transA ? part(p.a, k, p.lda, m, batch.a) : part(p.a, m, p.lda, k, batch.a)
  const b = p.transB ? part(p.b, n, p.ldb, k, batch.b) : part(p.b, k, p.ldb, n, batch.b)
  const out = part(p.out, m, p.ldc, n, batch.out)
  const { variant, rows, columns } = choose(gpu, p, batch)
  gpu.run({
    variant,
    tensors: [out, a, b, p.bias ? slice(p.bias, 0, [n]) : a],
    params: gemmParams(p, p.bias !== null, batch),
    groups: [Math.ceil(n / columns), Math.ceil(m / rows), batch.count],
    flops: 2 * m * n * k * batch.count,
  })
}

/** The shader and its tile. Shaders for small subgroups load vectors and need everything to lie on them. */
function choose(gpu: Gpu, p: Product, batch: Batch): { variant: Variant; rows: number; columns: number } {
  const type = dtypeCode(p.b.dtype)
  const { exact = true } = p
  if (gpu.tensorProducts && !(exact && gpu.tensorProducts.rounds))
    return { variant: gpu.tensorProducts.variants[type], rows: tensorTile, columns: tensorTile }
  const even = (vector: number, ...numbers: number[]) => numbers.every((x) => x % vector === 0)
  if (gpu.smallSubgroups && p.k > 0) {
    const wide = type === 0 ? 4 : 8
    const aEven = even(4, p.transA ? p.m : p.k, p.lda, p.a.offset, ...batch.a)
    const bEven = even(wide, p.transB ? p.k : p.n, p.ldb, p.b.offset, ...batch.b)
    if (aEven && bEven && !p.transA) return smallProducts[p.transB ? 'nt' : 'nn'][type]
    if (aEven && bEven && !p.transB && type === 0) return smallProducts.tn[0]
  }
  if (!p.isPart && hasFewRows(p)) return { variant: fewRowsVariants[type], rows: p.m, columns: fewRowsColumns }
  return { variant: portableVariants[type], rows: portableTile, columns: portableTile }
}

/** Matrix products of linears and the Gram matrix. */
type Products = Pick<Kernels, 'linear' | 'linears' | 'linearBackwardInput' | 'linearBackwardWeight' | 'gemm' | 'gram'>

export function products(gpu: Gpu): Products {
  const self: Products = {
    linear(out, input, weight, bias) {
      const [o, i] = weight.shape
      multiply(gpu, product(out, input, weight, [input.length / i, o, i], { transB: true, bias, exact: false }))
    },
    linears: (outs, input, weights, biases) =>
      weights.forEach((weight, k) => self.linear(outs[k], input, weight, biases[k])),
    linearBackwardInput(dInput, dOut, weight, accumulate) {
      const [o, i] = weight.shape
      multiply(gpu, product(dInput, dOut, weight, [dOut.length / o, i, o], { beta: Number(accumulate), exact: false }))
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
  }
  return self
}
