// The oneDNN primitives in use (primitives.ts): products with fused operations, and softmax of rows.
import type { Activation } from '../kernels.ts'
import { argument, type Describe, type ElementType, type Plan, type Primitives } from './primitives.ts'

/**
 * c[m,n] = f(alpha · (op(a) · op(b) + bias)), plus c with `accumulate`, ⊙ factor; row-major. a, b, c, bias and factor are addresses;
 * leading dimensions count elements. Write small ones as one literal: spreading so many fields takes as long as the product.
 */
export interface Product {
  /** The type of a and b. */
  readonly type: ElementType
  readonly transA: boolean
  readonly transB: boolean
  readonly m: number
  readonly n: number
  readonly k: number
  readonly a: number
  readonly lda: number
  readonly b: number
  readonly ldb: number
  /** b [n,k] is packed (kernels/packing.ts); n is a multiple of `packedRows`. */
  readonly packed?: boolean
  readonly c: number
  readonly ldc: number
  /** The type of c: f32 (the default), or that of a and b. bias and factor are f32. */
  readonly out?: ElementType
  /** `count` products that share b; `a` and `c` are the distances in elements from one a or c to the next. */
  readonly sharing?: { readonly count: number; readonly a: number; readonly c: number }
  readonly alpha?: number
  readonly accumulate?: boolean
  /** [n], 0 for none. */
  readonly bias?: number
  /** f, null for none. */
  readonly activation?: Eltwise | null
  /** [m,n] with the leading dimension of c, 0 for none. */
  readonly factor?: number
}

/** Rows of a group of a packed weight. The numbers of its rows and columns are multiples of these two. */
export const [packedRows, packedColumns] = [64, 32]

export type Matmul = (product: Product) => void

/** out[rows, columns] = softmax of x's rows, both without gaps; −∞ gives 0. */
export type Softmax = (rows: number, columns: number, x: number, out: number, type: ElementType) => void

/** `dnnl_eltwise_…` and its first parameter. */
export type Eltwise = readonly [algorithm: number, parameter: number]

/** Activations that are fused with a product. Not ReLU: oneDNN's turns NaN into 0, which would hide a damaged weight. */
export const eltwise: Partial<Record<Activation, Eltwise>> = {
  geluTanh: [0x2b, 0],
  silu: [0x2c, 1],
  quickGelu: [0x2c, 1.702],
  gelu: [0x31, 0],
}
const linear = 0x26

/** The element type of a `dtypeCode` (productTasks.ts). */
export const elementType = (code: number): ElementType => (code === 0 ? 'f32' : 'bf16')

/** `dnnl_forward_inference` and `dnnl_softmax_accurate`. */
const [inference, accurate] = [96, 0x30000]

export function bindMatmul({ bind }: Primitives): Matmul {
  const run = bind(planProduct, ({ m, n, k }: Product) => (m * 131071 + n) * 131071 + k, isSameProduct)
  return (product) => run(product, addressesOf(product))
}

/** Whether oneDNN has an implementation made for packed weights: its generic one, for any order, is a hundred times slower. */
export function readsPacked({ implementation }: Primitives): boolean {
  const shape = { m: 512, n: 9 * packedRows, k: 18 * packedColumns, a: 0, lda: 18 * packedColumns, b: 0, ldb: 0, c: 0 }
  const product: Product = { ...shape, type: 'bf16', transA: false, transB: true, packed: true, ldc: 9 * packedRows }
  return implementation((describe) => planProduct(product, describe)).startsWith('brg')
}

function addressesOf({ a, b, c, bias = 0, factor = 0 }: Product): number[] {
  return [a, b, c, ...(bias === 0 ? [] : [bias]), ...(factor === 0 ? [] : [factor])]
}

function isSameProduct(a: Product, b: Product): boolean {
  return (
    a.m === b.m &&
    a.n === b.n &&
    a.k === b.k &&
    a.lda === b.lda &&
    a.ldb === b.ldb &&
    a.ldc === b.ldc &&
    a.type === b.type &&
    a.out === b.out &&
    a.transA === b.transA &&
    a.transB === b.transB &&
    a.packed === b.packed &&
    a.sharing?.count === b.sharing?.count &&
    a.sharing?.a === b.sharing?.a &&
    a.sharing?.c === b.sharing?.c &&
    a.alpha === b.alpha &&
    a.accumulate === b.accumulate &&
    a.activation?.[0] === b.activation?.[0] &&
    a.activation?.[1] === b.activation?.[1] &&
    Boolean(a.bias) === Boolean(b.bias) &&
    Boolean(a.factor) === Boolean(b.factor)
  )
}

function planProduct(product: Product, { matrix, packedMatrix, attributes, description, engine }: Describe): Plan {
  const { m, n, k, lda, ldb, ldc, transA, transB, type, sharing } = product
  const each = (distance: number) => sharing && ([sharing.count, distance] as const)
  const [eachA, eachC] = [each(sharing?.a ?? 0), each(sharing?.c ?? 0)]
  // With a distance of 0, oneDNN would choose its slow implementation for matrices in any order.
  const oneB = sharing && ([1, ldb * Math.max(n, k)] as const)
  const a = transA ? matrix(m, k, type, 1, lda, eachA) : matrix(m, k, type, lda, 1, eachA)
  const rightOf = (row: number, column: number) => matrix(k, n, type, row, column, oneB)
  const b = product.packed ? packedMatrix(k, n) : transB ? rightOf(1, ldb) : rightOf(ldb, 1)
  const c = matrix(m, n, product.out ?? 'f32', ldc, 1, eachC)
  const bias = product.bias ? matrix(1, n, 'f32', n, 1) : 0
  const factor = product.factor ? matrix(m, n, 'f32', ldc, 1) : 0
  let count = 0
  const attr = attributes((ops) => {
    const add = (append: () => void) => {
      append()
      count++
    }
    const { activation: f, alpha = 1 } = product
    if (alpha !== 1) add(() => ops.eltwise(linear, alpha, 0))
    if (f) add(() => ops.eltwise(f[0], f[1], 0))
    if (product.accumulate) add(() => ops.sum())
    if (factor !== 0) add(() => ops.times(factor))
  })
  const names = [argument.source, argument.weights, argument.destination]
  const [extra, factorOf] = [argument.bias, argument.postOp * count + argument.second]
  return {
    description: description(
      'matmul',
      'uintptr_t engine, uintptr_t a, uintptr_t b, uintptr_t bias, uintptr_t c, uintptr_t attr',
      ...[engine, a, b, bias, c, attr],
    ),
    operands: [
      ...[a, b, c].map((md, i) => [names[i], md] as const),
      ...(bias === 0 ? [] : [[extra, bias] as const]),
      ...(factor === 0 ? [] : [[factorOf, factor] as const]),
    ],
  }
}

interface Rows {
  readonly rows: number
  readonly columns: number
  readonly type: ElementType
}

export function bindSoftmax({ bind }: Primitives): Softmax {
  const run = bind(
    planSoftmax,
    ({ rows, columns }: Rows) => rows * 131071 + columns,
    (a, b) => a.rows === b.rows && a.columns === b.columns && a.type === b.type,
  )
  return (rows, columns, x, out, type) => run({ rows, columns, type }, [x, out])
}

function planSoftmax({ rows, columns, type }: Rows, { matrix, attributes, description, engine }: Describe): Plan {
  const [x, out] = [matrix(rows, columns, 'f32', columns, 1), matrix(rows, columns, type, columns, 1)]
  return {
    description: description(
      'softmax_forward',
      'uintptr_t engine, int kind, int alg, uintptr_t x, uintptr_t out, int axis, uintptr_t attr',
      ...[engine, inference, accurate, x, out, 1, attributes(() => undefined)],
    ),
    operands: [
      [argument.source, x],
      [argument.destination, out],
    ],
  }
}
