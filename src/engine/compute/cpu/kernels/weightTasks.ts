// Adapters as pool tasks. The gradient G = dOutᵀ·input of the effective weight exists only a few rows at a time, in a
// scratch that fits the cache, and is contracted at once: a full [O, I] gradient is never formed.
import { isOutside } from '../outside.ts'
import type { Task, TaskEnv } from '../task.ts'
import { elementBytes, gemmOf, rowGroup, weightRows } from './productTasks.ts'

/** Elements that stay in the second-level cache for three passes over them. */
const cachedElements = 2 ** 16

/** Address inside of the mask's rows [row, row + rows). */
function maskOf({ stage }: TaskEnv, mask: number, row: number, rows: number, columns: number): number {
  const bytes = 4 * Math.ceil(columns / 32)
  return stage.bytes('in', mask + row * bytes, rows * bytes)
}

/** Rows of an effective weight that are formed at a time. */
export const effectiveRows = (i: number) => Math.max(4, Math.floor(cachedElements / i))

/** Args: out, its dtype code, weight, its code, mask, a, b, scale, i, rank. Items: rows of out. 16-bit rows are formed in scratch. */
const loraWeight: Task = (env, args, start, end) => {
  const [out, outCode, weight, code, mask, a, b, scale, i, rank] = args
  const step = effectiveRows(i)
  const { stage, wasm } = env
  for (let row = start; row < end; row += step) {
    const rows = Math.min(step, end - row)
    const to = outCode === 0 ? out + 4 * row * i : env.scratch
    env.sgemm(false, false, rows, i, rank, scale, b + 4 * row * rank, rank, a, i, 0, to, i)
    const mark = stage.mark()
    const near = stage.bytes('inout', to, 4 * rows * i)
    if (mask) wasm.maskRows(0, rows, near, maskOf(env, mask, row, rows, i), i, 4)
    const bytes = elementBytes(code)
    wasm.addWeight(rows * i, near, stage.bytes('in', weight + row * i * bytes, rows * i * bytes), code)
    if (outCode !== 0) wasm.convert(0, rows * i, stage.bytes('out', out + 2 * row * i, 2 * rows * i), outCode, near, 0)
    stage.flush(mark)
  }
}

/**
 * Args: parts of dA [chunks, rank, i], dB, dOut, x, their dtype code, mask, a, b, scale, n, o, i, rank. Items: rows of the weight.
 */
const loraBackward: Task = (env, args, start, end, chunk) => {
  const [parts, dB, dOut, x, xCode, mask, a, b, scale, n, o, i, rank] = args
  const gemm = gemmOf(env, xCode)
  const part = parts + 4 * chunk * rank * i
  const g = env.scratch
  const step = rowGroup(end - start, i)
  for (let row = start; row < end; row += step) {
    const rows = Math.min(step, end - row)
    gemm(true, false, rows, i, n, 1, dOut + elementBytes(xCode) * row, o, x, i, 0, g, i)
    const mark = env.stage.mark()
    env.wasm.maskRows(0, rows, g, maskOf(env, mask, row, rows, i), i, 4)
    env.stage.flush(mark)
    env.sgemm(false, true, rows, rank, i, scale, g, i, a, i, 1, dB + 4 * row * rank, rank)
    const beta = row > start ? 1 : 0
    env.sgemm(true, false, rank, i, rows, scale, b + 4 * row * rank, rank, g, i, beta, part, i)
  }
}

/** Args: dRow, parts of dColumn [chunks, i], dOut, x, their dtype code, weight, its code, row, column, factor, n, o, i. Items: rows. */
const scaleBackward: Task = (env, args, start, end, chunk) => {
  const [dRow, parts, dOut, x, xCode, weight, code, rowScale, columnScale, factor, n, o, i] = args
  const gemm = gemmOf(env, xCode)
  const part = parts + 4 * chunk * i
  const g = env.scratch
  const step = rowGroup(end - start, i)
  const { stage } = env
  const unpacked = g + 4 * step * i
  env.wasm.fill(0, i, part, 0)
  for (let row = start; row < end; row += step) {
    const rows = Math.min(step, end - row)
    gemm(true, false, rows, i, n, 1, dOut + elementBytes(xCode) * row, o, x, i, 0, g, i)
    const [w] = weightRows(env, weight, code, i, { row, rows, column: 0, columns: i }, unpacked)
    // f32 rows outside are copied to the scratch for unpacked rows, since the stage may have no room for all of them.
    if (isOutside(w)) stage.copyRows(unpacked, 4 * i, w, 4 * i, rows, 4 * i)
    const near = isOutside(w) ? unpacked : w
    const mark = stage.mark()
    const scales = [stage.bytes('in', rowScale + 4 * row, 4 * rows), stage.bytes('in', columnScale, 4 * i)]
    env.wasm.scaleGradient(rows, i, g, near, ...scales, factor, stage.bytes('inout', dRow + 4 * row, 4 * rows), part)
    stage.flush(mark)
  }
}

export const weightTasks: Readonly<Record<string, Task>> = { loraWeight, loraBackward, scaleBackward }
