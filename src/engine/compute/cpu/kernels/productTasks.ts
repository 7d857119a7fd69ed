// Matrix products as pool tasks: an item is a piece of the output (productGrid.ts), multiplied by single-threaded BLAS.
import type { DType } from '../../../dtype.ts'
import type { Gemm } from '../blas.ts'
import { elementType } from '../matmul.ts'
import type { Task, TaskEnv } from '../task.ts'
import { isOutside } from '../outside.ts'
import { callStaged } from '../staged.ts'
import { pieceAt } from './productGrid.ts'

/** Element types as the wasm kernels number them (assembly/convert.ts). */
export const dtypeCode: Partial<Record<DType, number>> = {
  f32: 0,
  bf16: 1,
  f16: 2,
}

/** `code` of a weight that is packed. */
export const packedCode = 3

export const elementBytes = (code: number) => (code === 0 ? 4 : 2)

/** The product of matrices of a type: f32, or bf16 with f32 sums. */
export const gemmOf = (env: TaskEnv, code: number): Gemm => (code === 0 ? env.sgemm : env.sbgemm)

/** Rows that go through scratch at a time: more leave the cache, fewer make BLAS pack the other operand too often. */
export function scratchRows(columns: number): number {
  return Math.max(16, Math.floor((3 * 2 ** 19) / columns))
}

/** `total` rows in equal groups of at most `scratchRows`. */
export function rowGroup(total: number, columns: number): number {
  return Math.ceil(total / Math.ceil(total / scratchRows(columns)))
}

/**
 * Address and leading dimension of f32 rows of a weight for a product, unpacked into `scratch` when it is 16-bit; then they
 * are inside.
 */
export function weightRows(
  { stage, wasm }: TaskEnv,
  weight: number,
  code: number,
  ld: number,
  { row, rows, column, columns }: { row: number; rows: number; column: number; columns: number },
  scratch: number,
): [address: number, ld: number] {
  const from = weight + (row * ld + column) * elementBytes(code)
  if (code === 0) return [from, ld]
  const step = isOutside(from) ? Math.max(1, Math.floor((stage.freeBytes - 64) / (2 * columns))) : rows
  for (let at = 0; at < rows; at += step) {
    const mark = stage.mark()
    const count = Math.min(step, rows - at)
    const near = stage.rows('in', from + 2 * at * ld, count, columns, ld, 2)
    wasm.unpack(count, columns, ...near, code, scratch + 4 * at * columns, columns)
    stage.flush(mark)
  }
  return [scratch, columns]
}

/** The wasm kernel `mirror` for addresses anywhere; both matrices have the leading dimension `ld`. */
function mirror({ stage, wasm }: TaskEnv, rows: number, columns: number, from: number, to: number, ld: number): void {
  if (!isOutside(from)) return void wasm.mirror(rows, columns, from, ld, to, ld)
  const mark = stage.mark()
  const tile = stage.pack(from === to ? 'inout' : 'in', from, rows, 4 * columns, 4 * ld)
  const turned = from === to ? tile : stage.pack('out', to, columns, 4 * rows, 4 * ld)
  wasm.mirror(rows, columns, tile, columns, turned, rows)
  stage.flush(mark)
}

/**
 * Args: out, x, weight, dtype codes of x and weight, bias, n, o, i, rows and columns of a piece, and zeros for the other
 * arguments of `linearActivated`. Items: pieces of out[n, o].
 */
const linear: Task = (env, args, start, end) => {
  const [out, x, weight, xCode, code, bias, n, o, i, gridRows, gridColumns] = args
  if (code === packedCode || (bias && code === xCode && env.primitives))
    return linearActivated(env, args, start, end, 0)
  const gemm = gemmOf(env, xCode)
  const direct = code === xCode
  for (let item = start; item < end; item++) {
    const { row, rows, ...piece } = pieceAt(item, n, o, gridRows, gridColumns)
    const last = piece.column + piece.columns
    const step = direct ? piece.columns : rowGroup(piece.columns, i)
    for (let column = piece.column; column < last; column += step) {
      const columns = Math.min(step, last - column)
      const to = out + 4 * (row * o + column)
      const rowsOfWeight = { row: column, rows: columns, column: 0, columns: i }
      const [w, ldw] = direct
        ? [weight + column * i * elementBytes(code), i]
        : weightRows(env, weight, code, i, rowsOfWeight, env.scratch)
      if (bias) env.stage.copyRows(to, 4 * o, bias + 4 * column, 0, rows, 4 * columns)
      const from = x + elementBytes(xCode) * row * i
      gemm(false, true, rows, columns, i, 1, from, i, w, ldw, bias ? 1 : 0, to, o)
    }
  }
}

/**
 * Args: as of `linear`, then out's dtype code, the activation (matmul.ts; 0 for none) and its parameter, and a factor [n, o] or 0.
 * x and weight are of one type, or the weight is packed.
 */
const linearActivated: Task = ({ primitives }, args, start, end) => {
  const [out, x, weight, code, weightCode, bias, n, o, i, gridRows, gridColumns] = args
  const [outCode, algorithm, parameter, factor] = args.slice(11)
  const types = { type: elementType(code), out: elementType(outCode), packed: weightCode === packedCode }
  for (let item = start; item < end; item++) {
    const { row, rows, column, columns } = pieceAt(item, n, o, gridRows, gridColumns)
    const [at, bytes] = [row * o + column, elementBytes(code)]
    primitives?.matmul({
      ...{ ...types, transA: false, transB: true, m: rows, n: columns, k: i },
      ...{ a: x + bytes * row * i, lda: i, b: weight + bytes * column * i, ldb: i },
      ...{ c: out + elementBytes(outCode) * at, ldc: o, bias: bias && bias + 4 * column },
      ...{ activation: algorithm === 0 ? null : [algorithm, parameter], factor: factor && factor + 4 * at },
    })
  }
}

/** Args: dInput, dOut, weight, dtype codes of dOut and weight, n, o, i, beta, rows and columns of a piece. Items: pieces of dInput[n, i]. */
const backwardInput: Task = (env, args, start, end) => {
  const [dInput, dOut, weight, dCode, code, n, o, i, beta, gridRows, gridColumns] = args
  const gemm = gemmOf(env, dCode)
  const direct = code === dCode
  for (let item = start; item < end; item++) {
    const { row, rows, column, columns } = pieceAt(item, n, i, gridRows, gridColumns)
    const to = dInput + 4 * (row * i + column)
    const step = direct ? o : rowGroup(o, columns)
    for (let k = 0; k < o; k += step) {
      const depth = Math.min(step, o - k)
      const [w, ldw] = direct
        ? [weight + column * elementBytes(code), i]
        : weightRows(env, weight, code, i, { row: k, rows: depth, column, columns }, env.scratch)
      const from = dOut + elementBytes(dCode) * (row * o + k)
      gemm(false, false, rows, columns, depth, 1, from, o, w, ldw, k > 0 ? 1 : beta, to, i)
    }
  }
}

/** Args: out, a, b, their dtype code, m, n, k, transA, transB, alpha, beta, rows and columns of a piece. Items: pieces of out[m, n]. */
const product: Task = (env, args, start, end) => {
  const [out, a, b, code, m, n, k, transA, transB, alpha, beta, gridRows, gridColumns] = args
  const [gemm, bytes] = [gemmOf(env, code), elementBytes(code)]
  const [lda, ldb] = [transA ? m : k, transB ? k : n]
  for (let item = start; item < end; item++) {
    const { row, rows, column, columns } = pieceAt(item, m, n, gridRows, gridColumns)
    const fromA = a + bytes * (transA ? row : row * lda)
    const fromB = b + bytes * (transB ? column * ldb : column)
    const to = out + 4 * (row * n + column)
    gemm(transA > 0, transB > 0, rows, columns, k, alpha, fromA, lda, fromB, ldb, beta, to, n)
  }
}

/** Side of a tile of a Gram matrix. */
export const gramTile = 256

/** Args: out, x, n, width, alpha, upper. Items: tiles on and below the diagonal, row by row; each is mirrored above. */
const gram: Task = (env, args, start, end) => {
  const [out, x, n, width, alpha, upper] = args
  for (let tile = start; tile < end; tile++) {
    const tileRow = Math.floor((Math.sqrt(8 * tile + 1) - 1) / 2)
    const row = tileRow * gramTile
    const column = (tile - (tileRow * (tileRow + 1)) / 2) * gramTile
    const [rows, columns] = [Math.min(gramTile, width - row), Math.min(gramTile, width - column)]
    const to = out + 4 * (row * width + column)
    // Columns of an upper triangular matrix are zero below the diagonal.
    const depth = upper ? column + columns : n
    env.sgemm(true, false, rows, columns, depth, alpha, x + 4 * row, width, x + 4 * column, width, 1, to, width)
    mirror(env, rows, columns, to, out + 4 * (column * width + row), width)
  }
}

/** Args of `linearRows`: x, its width, then of each weight its out, address, dtype code, bias or 0, and rows. */
const [firstWeight, argsPerWeight] = [2, 5]

/** Writes x to scratch in the order in which `linearRow` reads it with 16-bit weights. Returns the address. */
function pairColumns({ stage, wasm, scratch }: TaskEnv, x: number, code: number, width: number): number {
  const mark = stage.mark()
  wasm.pairColumns(scratch, stage.bytes('in', x, 4 * width), code, width)
  stage.flush(mark)
  return scratch
}

/** Items: rows of all weights, one after the other. */
const linearRows: Task = (env, args, start, end) => {
  const [x, width] = args
  let pairedFor = dtypeCode.f32
  let first = 0
  for (let k = firstWeight; first < end; k += argsPerWeight) {
    const rows = args[k + 4]
    const from = Math.max(start - first, 0)
    const to = Math.min(end - first, rows)
    first += rows
    if (from >= to) continue
    const [out, weight, code, bias] = [args[k], args[k + 1], args[k + 2], args[k + 3]]
    let input = x
    if (code !== dtypeCode.f32) {
      // Reordered once for consecutive weights of the same type.
      input = code === pairedFor ? env.scratch : pairColumns(env, x, code, width)
      pairedFor = code
    }
    if (isOutside(input) || isOutside(out) || isOutside(weight) || isOutside(bias))
      callStaged(env, 'linearRow', from, to, [out, input, weight, code, bias, width])
    else env.wasm.linearRow(from, to, out, input, weight, code, bias, width)
  }
}

export const productTasks: Readonly<Record<string, Task>> = {
  linear,
  linearActivated,
  linearRows,
  backwardInput,
  product,
  gram,
}
