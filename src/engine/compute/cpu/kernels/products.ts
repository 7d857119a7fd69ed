// linear and its backwards, gemm, gram: shapes to pool tasks (productTasks.ts).
import type { Kernels } from '../../kernels.ts'
import type { Pool, Split } from '../pool.ts'
import { dtypeCode, gramTile, scratchRows } from './productTasks.ts'
import { addresses } from './splits.ts'
import type { Tensor } from '../../tensor.ts'
import { EngineError } from '../../../errors.ts'

type Products = Pick<Kernels, 'linear' | 'linearBackwardInput' | 'linearBackwardWeight' | 'gemm' | 'gram'>

/** Number of a float type for the wasm kernels. */
export function codeOf(tensor: Tensor): number {
  const code = dtypeCode[tensor.dtype]
  if (code === undefined) throw new EngineError('internal', `internal: ${tensor.dtype} where a float tensor is needed`)
  return code
}

/** Products of fewer multiply-adds run in the calling thread: waking another takes longer. */
const smallProduct = 2 ** 17

/** Rows or columns below which a piece of a product pays for packing the other operand anew. */
const widePiece = 512

/**
 * Rows or columns of a piece of a product that has `total` of them: one piece a thread, or several wide ones, so that
 * a thread that the system holds up does not hold up all.
 */
export function pieceOf(pool: Pool, total: number): number {
  const perThread = Math.max(1, Math.min(4, Math.floor(total / pool.threads / widePiece)))
  return Math.max(16, Math.ceil(total / pool.threads / perThread / 16) * 16)
}

/** Splits out[m, n] over the longer side. */
function splitProduct(pool: Pool, m: number, n: number, k: number): { byRows: number; split: Split } {
  const byRows = m > n ? 1 : 0
  const total = byRows ? m : n
  const smallest = Math.ceil(smallProduct / k / Math.min(m, n) / 16) * 16
  return { byRows, split: { total, unit: Math.max(smallest, pieceOf(pool, total)) } }
}

/** out[m,n] = alpha · op(a) · op(b) + beta · out over addresses of f32 matrices. */
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
}

export function runProduct(pool: Pool, call: ProductCall): void {
  const { out, a, b, m, n, k, transA = false, transB = false, alpha = 1, beta = 0 } = call
  const { byRows, split } = splitProduct(pool, m, n, k)
  pool.run('product', split, [out, a, b, m, n, k, Number(transA), Number(transB), alpha, beta, byRows])
}

export function products(pool: Pool): Products {
  const at = addresses(pool)
  return {
    linear(out, input, weight, bias) {
      const [o, i] = weight.shape
      const n = input.length / i
      const code = codeOf(weight)
      const { byRows, split } = splitProduct(pool, n, o, i)
      const unpacked = Math.min(scratchRows(i), byRows ? o : split.unit)
      const scratchBytes = code === 0 ? 0 : 4 * i * unpacked
      const args = [at(out), at(input), at(weight), code, at(bias), n, o, i, byRows]
      pool.run('linear', { ...split, scratchBytes }, args)
    },
    linearBackwardInput(dInput, dOut, weight, accumulate) {
      const [o, i] = weight.shape
      const n = dOut.length / o
      const code = codeOf(weight)
      const { byRows, split } = splitProduct(pool, n, i, o)
      const columns = byRows ? i : split.unit
      const scratchBytes = code === 0 ? 0 : 4 * columns * Math.min(scratchRows(columns), o)
      const args = [at(dInput), at(dOut), at(weight), code, n, o, i, Number(accumulate), byRows]
      pool.run('backwardInput', { ...split, scratchBytes }, args)
    },
    linearBackwardWeight(dWeight, dOut, input) {
      const [m, n] = dWeight.shape
      const k = dOut.length / m
      runProduct(pool, { out: at(dWeight), a: at(dOut), b: at(input), m, n, k, transA: true, beta: 1 })
    },
    gemm(out, a, b, options) {
      const [m, n] = out.shape
      runProduct(pool, { ...options, out: at(out), a: at(a), b: at(b), m, n, k: a.length / m })
    },
    gram(out, input, alpha) {
      const width = out.shape[0]
      const tiles = Math.ceil(width / gramTile)
      const args = [at(out), at(input), input.length / width, width, alpha]
      pool.run('gram', { total: (tiles * (tiles + 1)) / 2, unit: 1 }, args)
    },
  }
}
