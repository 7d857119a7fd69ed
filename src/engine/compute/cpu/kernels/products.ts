// linear and its backwards, gemm, gram: shapes to pool tasks (productTasks.ts).
import type { FusedKernels, Kernels } from '../../kernels.ts'
import { eltwise, packedRows } from '../matmul.ts'
import type { Runner, Split } from '../pool.ts'
import { packColumn, productGrid, type ProductGrid } from './productGrid.ts'
import { dtypeCode, gramTile, packedCode, scratchRows } from './productTasks.ts'
import { addresses, byElements } from './splits.ts'
import { bytesOf, type Tensor } from '../../tensor.ts'
import { EngineError } from '../../../errors.ts'

type Products = Pick<Kernels, 'linear' | 'linears' | 'linearBackwardInput' | 'linearBackwardWeight' | 'gemm' | 'gram'>

/** Number of a float type for the wasm kernels. */
export function codeOf(tensor: Tensor): number {
  const code = dtypeCode[tensor.dtype]
  if (code === undefined) throw new EngineError('internal', `internal: ${tensor.dtype} where a float tensor is needed`)
  return code
}

/** `codeOf` for a weight that may be packed. */
export const weightCodeOf = (weight: Tensor) => (weight.dtype === 'packed' ? packedCode : codeOf(weight))

/** The last arguments of `linearActivated`, for a product without any of them. */
const productAlone = [0, 0, 0, 0]

/** Most bytes of a weight that stays in the shared cache while every thread reads all of it. */
const sharedBytes = 4 * 2 ** 20

/** Cost of packing a column of the product's right operand, which is the weight or its transpose. */
function packWeight(weight: Tensor, transposed: boolean, direct: boolean): number {
  if (!direct) return packColumn.transposedFar
  if (!transposed) return packColumn.plain
  return bytesOf(weight) <= sharedBytes ? packColumn.transposed : packColumn.transposedFar
}

/** The grid of x[n, i] · weightᵀ. */
function linearGrid({ threads }: Runner, n: number, weight: Tensor, direct: boolean): ProductGrid {
  const [o, i] = weight.shape
  return weight.dtype === 'packed'
    ? productGrid(threads, n, o, i, packColumn.packed, packedRows)
    : productGrid(threads, n, o, i, packWeight(weight, true, direct))
}

/** Calls `run` with x rounded to bf16, the type that products with packed weights read. */
function withRounded(pool: Runner, x: Tensor, run: (rounded: Tensor) => void): void {
  const rounded: Tensor = { ...x, buffer: pool.heap.allocate(2 * x.length), dtype: 'bf16', offset: 0 }
  const at = addresses(pool)
  try {
    pool.run('convert', byElements(x.length), [at(rounded), codeOf(rounded), at(x), codeOf(x)])
    run(rounded)
  } finally {
    pool.heap.release(rounded.buffer)
  }
}

const splitOf = ({ pieces }: ProductGrid): Split => ({ total: pieces, unit: 1 })

/** out[m,n] = alpha · op(a) · op(b) + beta · out over addresses of matrices; out is f32. */
export interface ProductCall {
  readonly out: number
  readonly a: number
  readonly b: number
  readonly m: number
  readonly n: number
  readonly k: number
  readonly transA?: boolean
  readonly transB?: boolean
  readonly alpha?: number
  readonly beta?: number
  /** Element type of a and b; f32 by default. */
  readonly code?: number
}

export function runProduct(pool: Runner, call: ProductCall): void {
  const { out, a, b, m, n, k, transA = false, transB = false, alpha = 1, beta = 0, code = 0 } = call
  const grid = productGrid(pool.threads, m, n, k, transB ? packColumn.transposed : packColumn.plain)
  const scalars = [code, m, n, k, Number(transA), Number(transB), alpha, beta, grid.rows, grid.columns]
  pool.run('product', splitOf(grid), [out, a, b, ...scalars])
}

/** Bytes of weights in a chunk: reading them takes ten microseconds, far more than handing out the chunk. */
const rowsBytes = 2 ** 18

/** `linears` of one row. Reading the weights once, in their own type, is all the work, so all of them are one command. */
function runRows(
  pool: Runner,
  outs: readonly Tensor[],
  input: Tensor,
  weights: readonly Tensor[],
  biases: readonly (Tensor | null)[],
): void {
  const at = addresses(pool)
  const width = input.length
  const args = [at(input), width]
  let [total, bytes] = [0, 0]
  weights.forEach((weight, k) => {
    args.push(at(outs[k]), at(weight), codeOf(weight), at(biases[k]), weight.shape[0])
    total += weight.shape[0]
    bytes += bytesOf(weight)
  })
  // Every thread gets the same number of chunks: if some had one more, the others would wait.
  const chunks = pool.threads * Math.ceil(bytes / rowsBytes / pool.threads)
  pool.run('linearRows', { total, unit: Math.ceil(total / chunks), scratchBytes: 4 * width }, args)
}

export function products(pool: Runner): Products {
  const at = addresses(pool)
  const self: Products = {
    linear(out, input, weight, bias) {
      const [o, i] = weight.shape
      const n = input.length / i
      const [xCode, code] = [codeOf(input), weightCodeOf(weight)]
      if (code === packedCode && xCode === 0) return withRounded(pool, input, (x) => self.linear(out, x, weight, bias))
      const direct = xCode === code || code === packedCode
      if (n === 1 && xCode === 0) return runRows(pool, [out], input, [weight], [bias])
      const grid = linearGrid(pool, n, weight, direct)
      const scratchBytes = direct ? 0 : 4 * i * Math.min(scratchRows(i), grid.columns)
      const args = [at(out), at(input), at(weight), xCode, code, at(bias), n, o, i, grid.rows, grid.columns]
      pool.run('linear', { ...splitOf(grid), scratchBytes }, [...args, ...productAlone])
    },
    linears(outs, input, weights, biases) {
      const inPlace = input.length === weights[0].shape[1] && codeOf(input) === 0
      if (inPlace && !weights.some(({ dtype }) => dtype === 'packed')) runRows(pool, outs, input, weights, biases)
      else weights.forEach((weight, k) => self.linear(outs[k], input, weight, biases[k]))
    },
    linearBackwardInput(dInput, dOut, weight, accumulate) {
      const [o, i] = weight.shape
      const n = dOut.length / o
      const [dCode, code] = [codeOf(dOut), codeOf(weight)]
      const direct = dCode === code
      const grid = productGrid(pool.threads, n, i, o, packWeight(weight, false, direct))
      const scratchBytes = direct ? 0 : 4 * grid.columns * Math.min(scratchRows(grid.columns), o)
      const sizes = [n, o, i, Number(accumulate), grid.rows, grid.columns]
      const args = [at(dInput), at(dOut), at(weight), dCode, code, ...sizes]
      pool.run('backwardInput', { ...splitOf(grid), scratchBytes }, args)
    },
    linearBackwardWeight(dWeight, dOut, input) {
      const [m, n] = dWeight.shape
      const k = dOut.length / m
      const matrices = { out: at(dWeight), a: at(dOut), b: at(input), code: codeOf(dOut) }
      runProduct(pool, { ...matrices, m, n, k, transA: true, beta: 1 })
    },
    gemm(out, a, b, options) {
      const [m, n] = out.shape
      runProduct(pool, { ...options, out: at(out), a: at(a), b: at(b), m, n, k: a.length / m })
    },
    gram(out, input, alpha, upper = false) {
      const width = out.shape[0]
      const tiles = Math.ceil(width / gramTile)
      const args = [at(out), at(input), input.length / width, width, alpha, Number(upper)]
      pool.run('gram', { total: (tiles * (tiles + 1)) / 2, unit: 1 }, args)
    },
  }
  return self
}

/** `linearActivated` by oneDNN's primitives. */
export function fusedLinear(pool: Runner): FusedKernels['linearActivated'] {
  const at = addresses(pool)
  return (out, input, weight, bias, kind, factor) => {
    const [o, i] = weight.shape
    const n = input.length / i
    const [code, weightCode, activation] = [codeOf(input), weightCodeOf(weight), eltwise[kind]]
    if (!activation || (weightCode === packedCode ? code === 0 : weightCode !== code)) return false
    const grid = linearGrid(pool, n, weight, true)
    const args = [at(out), at(input), at(weight), code, weightCode, at(bias), n, o, i, grid.rows, grid.columns]
    pool.run('linearActivated', splitOf(grid), [...args, codeOf(out), ...activation, at(factor)])
    return true
  }
}
