// Adapters as pool tasks. The gradient G = dOutᵀ·input of the effective weight exists only a few rows at a time, in a
// scratch that fits the cache, and is contracted at once: a full [O, I] gradient is never formed.
import type { Task } from '../tasks.ts'
import { rowGroup, weightRows } from './productTasks.ts'

/** Elements that three passes over them find in the second-level cache. */
const cachedElements = 2 ** 16

/** Args: out, weight, dtype code, mask, a, b, scale, i, rank. Items: rows of out. */
const loraWeight: Task = (env, args, start, end) => {
  const [out, weight, code, mask, a, b, scale, i, rank] = Array.from(args)
  const step = Math.max(4, Math.floor(cachedElements / i))
  for (let row = start; row < end; row += step) {
    const rows = Math.min(step, end - row)
    const to = out + 4 * row * i
    env.sgemm(false, false, rows, i, rank, scale, b + 4 * row * rank, rank, a, i, 0, to, i)
    if (mask) env.wasm.maskRows(row, row + rows, out, mask, i, 4)
    env.wasm.addWeight(rows * i, to, weight + row * i * (code === 0 ? 4 : 2), code)
  }
}

/**
 * Args: parts of dA [chunks, rank, i], dB, dOut, x, mask, a, b, scale, n, o, i, rank. Items: rows of the weight.
 */
const loraBackward: Task = (env, args, start, end, chunk) => {
  const [parts, dB, dOut, x, mask, a, b, scale, n, o, i, rank] = Array.from(args)
  const part = parts + 4 * chunk * rank * i
  const g = env.scratch
  const step = rowGroup(end - start, i)
  for (let row = start; row < end; row += step) {
    const rows = Math.min(step, end - row)
    env.sgemm(true, false, rows, i, n, 1, dOut + 4 * row, o, x, i, 0, g, i)
    env.wasm.maskRows(0, rows, g, mask + 4 * row * Math.ceil(i / 32), i, 4)
    env.sgemm(false, true, rows, rank, i, scale, g, i, a, i, 1, dB + 4 * row * rank, rank)
    const beta = row > start ? 1 : 0
    env.sgemm(true, false, rank, i, rows, scale, b + 4 * row * rank, rank, g, i, beta, part, i)
  }
}

/** Args: dRow, parts of dColumn [chunks, i], dOut, x, weight, dtype code, row, column, factor, n, o, i. Items: rows. */
const scaleBackward: Task = (env, args, start, end, chunk) => {
  const [dRow, parts, dOut, x, weight, code, rowScale, columnScale, factor, n, o, i] = Array.from(args)
  const part = parts + 4 * chunk * i
  const g = env.scratch
  const step = rowGroup(end - start, i)
  env.wasm.fill(0, i, part, 0)
  for (let row = start; row < end; row += step) {
    const rows = Math.min(step, end - row)
    env.sgemm(true, false, rows, i, n, 1, dOut + 4 * row, o, x, i, 0, g, i)
    const [w] = weightRows(env, weight, code, i, { row, rows, column: 0, columns: i }, g + 4 * step * i)
    env.wasm.scaleGradient(rows, i, g, w, rowScale + 4 * row, columnScale, factor, dRow + 4 * row, part)
  }
}

export const weightTasks: Readonly<Record<string, Task>> = { loraWeight, loraBackward, scaleBackward }
