// The upper U with Uᵀ·U = H⁻¹, in one go: H = R·Rᵀ with R upper (a Cholesky factorisation from the last row on), and
// U = R⁻¹. Blocked, so that nearly all of it is matrix products, and in place: finished rows of U and panels of R live
// in the upper triangle beside what is still to be factored.
import { breathe } from '../../../breathe.ts'
import type { Tensor } from '../../tensor.ts'
import type { Pool } from '../pool.ts'
import type { Task } from '../task.ts'

/** Rows and columns of a panel: large ones make good products, small ones leave work for all threads. */
const panelOf = (n: number) => (n >= 512 ? 128 : 48)

/** Args: a, n, k, width. Rows of R_ik = S_ik · T_kkᵀ, where T_kk = R_kk⁻¹ is at a[k][k]. */
const factorPanel: Task = (env, args, start, end) => {
  const [a, n, k, width] = args
  const [rows, own, inverse] = [end - start, a + 4 * (start * n + k), a + 4 * (k * n + k)]
  env.sgemm(false, true, rows, width, width, 1, own, n, inverse, n, 0, env.scratch, width)
  env.stage.copyRows(own, 4 * n, env.scratch, 4 * width, rows, 4 * width)
}

/** Args: a, n, k, width, work, failed. One item: the corner S_kk becomes T_kk, or failed[0] = 1. */
const factorCorner: Task = ({ stage, wasm }, args) => {
  const [a, n, k, width, work, failed] = args
  const mark = stage.mark()
  const corner = stage.rows('inout', a + 4 * (k * n + k), width, width, n)
  if (!wasm.inverseFactorBlock(width, ...corner, work)) wasm.fillWords(0, 1, failed, 1)
  stage.flush(mark)
}

/** Args: a, n, k, width, r. One item: r = the columns of R_k after panel k. */
const factorCopy: Task = ({ stage }, args) => {
  const [a, n, k, width, r] = args
  const bytes = 4 * (n - k - width)
  stage.copyRows(r, bytes, a + 4 * (k * n + k + width), 4 * n, width, bytes)
}

/** Args: a, n, k, width. Rows of S_ij −= R_ik · R_jkᵀ for i ≤ j < k; below the diagonal only inside its blocks. */
const factorTrail: Task = (env, args, start, end) => {
  const [a, n, k, width] = args
  const panel = panelOf(n)
  for (let row = start; row < end; row += panel) {
    const rows = Math.min(panel, end - row)
    const own = a + 4 * (row * n + k)
    env.sgemm(false, true, rows, k - row, width, -1, own, n, own, n, 1, a + 4 * (row * n + row), n)
  }
}

/** Args: a, n, k, width, r. Columns of U_k = −T_kk · (R_k · U) behind panel k; r is a copy of R_k [width, n − behind]. */
const factorInvert: Task = (env, args, start, end) => {
  const [a, n, k, width, r] = args
  const behind = k + width
  const [columns, u] = [end - start, a + 4 * (behind * n + behind + start)]
  // U is upper triangular: in these columns, rows from `end` on are zero.
  env.sgemm(false, false, width, columns, end, 1, r, n - behind, u, n, 0, env.scratch, columns)
  const [to, inverse] = [a + 4 * (k * n + behind + start), a + 4 * (k * n + k)]
  env.sgemm(false, false, width, columns, width, -1, inverse, n, env.scratch, columns, 0, to, n)
}

/** Args: out, n, factor, panel. Rows of X become X·R⁻ᵀ, from the last columns on, then X·R⁻ᵀ·R⁻¹, from the first columns on. */
const factorSolve: Task = (env, args, start, end) => {
  const [out, n, factor, panel] = args
  const rows = end - start
  const x = out + 4 * start * n
  /** Subtracts columns [from, until) times their part of Rᵀ, or of R, from columns [at, to). */
  const subtract = (at: number, to: number, from: number, until: number, ofTransposed: boolean) => {
    const part = factor + 4 * (ofTransposed ? at * n + from : from * n + at)
    if (from < until)
      env.sgemm(false, ofTransposed, rows, to - at, until - from, -1, x + 4 * from, n, part, n, 1, x + 4 * at, n)
  }
  const divide = (k: number, to: number, byTransposed: boolean) => {
    const [own, width] = [x + 4 * k, to - k]
    env.sgemm(false, byTransposed, rows, width, width, 1, own, n, factor + 4 * (k * n + k), n, 0, env.scratch, width)
    env.stage.copyRows(own, 4 * n, env.scratch, 4 * width, rows, 4 * width)
  }
  // Most of the work is products of wide panels, each of several panels of the factor.
  const panels = panelsBetween(0, n, 4 * panel)
  for (const [first, last] of panels.toReversed()) {
    subtract(first, last, last, n, true)
    for (const [k, to] of panelsBetween(first, last, panel).toReversed()) {
      subtract(k, to, to, last, true)
      divide(k, to, true)
    }
  }
  for (const [first, last] of panels) {
    subtract(first, last, 0, first, false)
    for (const [k, to] of panelsBetween(first, last, panel)) {
      subtract(k, to, first, k, false)
      divide(k, to, false)
    }
  }
}

const panelsBetween = (start: number, end: number, width: number) =>
  Array.from({ length: Math.ceil((end - start) / width) }, (_, i) => [
    start + i * width,
    Math.min(start + (i + 1) * width, end),
  ])

export const factorTasks: Readonly<Record<string, Task>> = {
  factorSolve,
  factorCorner,
  factorPanel,
  factorTrail,
  factorCopy,
  factorInvert,
}

/** Least rows of a chunk: each chunk packs the whole factor, which takes more time than it saves for fewer rows. */
const solvedAtOnce = 256

/** See PruneKernels.solve. */
export function solve(pool: Pool, out: Tensor, factor: Tensor): void {
  const [rows, n] = out.shape
  const [panel, { heap }] = [panelOf(n), pool]
  const args = [heap.addressOf(out), n, heap.addressOf(factor), panel]
  pool.run('factorSolve', { total: rows, unit: solvedAtOnce, scratchBytes: 4 * panel * rows }, args)
}

/** See PruneKernels.inverseFactor; without `inverts`, PruneKernels.factor. */
export async function inverseFactor(
  pool: Pool,
  out: Tensor,
  h: Tensor,
  diagonal: Tensor,
  inverts = true,
): Promise<boolean> {
  const { heap } = pool
  const n = h.shape[0]
  const panel = panelOf(n)
  const a = heap.addressOf(out)
  pool.run('copyUpper', { total: n, unit: 32 }, [a, heap.addressOf(h), heap.addressOf(diagonal), n])
  const work = heap.allocateInside(4 * panel * Math.max(n, panel))
  const failed = heap.allocateInside(4)
  const hasFailed = () => new Int32Array(heap.memory.buffer, failed, 1)
  const once = { total: 1, unit: 1 }
  try {
    hasFailed()[0] = 0
    for (let k = Math.floor((n - 1) / panel) * panel; k >= 0; k -= panel) {
      await breathe()
      const width = Math.min(panel, n - k)
      const args = [a, n, k, width]
      pool.run('factorCorner', once, [...args, work, failed])
      if (hasFailed()[0]) return false
      pool.run('factorPanel', { total: k, unit: 32, scratchBytes: 4 * width * n }, args)
      pool.run('factorTrail', { total: k, unit: panel }, args)
      const behind = n - k - width
      if (behind === 0 || !inverts) continue
      pool.run('factorCopy', once, [...args, work])
      pool.run('factorInvert', { total: behind, unit: 64, scratchBytes: 4 * width * n }, [...args, work])
    }
    return true
  } finally {
    heap.release(work)
    heap.release(failed)
  }
}
