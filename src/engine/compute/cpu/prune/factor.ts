// The upper U with Uᵀ·U = H⁻¹, in one go: H = R·Rᵀ with R upper (a Cholesky factorisation from the last row on), and
// U = R⁻¹. Blocked, so that nearly all of it is matrix products, and in place: finished rows of U and panels of R live
// in the upper triangle beside what is still to be factored.
import { breathe } from '../../../breathe.ts'
import type { Tensor } from '../../tensor.ts'
import type { Pool } from '../pool.ts'
import type { Task } from '../tasks.ts'

/** Rows and columns of a panel: large ones make good products, small ones leave work for all threads. */
const panelOf = (n: number) => (n >= 512 ? 128 : 48)

/** Args: a, n, k, width. Rows of R_ik = S_ik · T_kkᵀ, where T_kk = R_kk⁻¹ stands at a[k][k]. */
const factorPanel: Task = (env, args, start, end) => {
  const [a, n, k, width] = Array.from(args)
  const [rows, own, inverse] = [end - start, a + 4 * (start * n + k), a + 4 * (k * n + k)]
  env.sgemm(false, true, rows, width, width, 1, own, n, inverse, n, 0, env.scratch, width)
  env.wasm.copyBlock(rows, width, own, n, env.scratch, width)
}

/** Args: a, n, k, width. Rows of S_ij −= R_ik · R_jkᵀ for i ≤ j < k; below the diagonal only inside its blocks. */
const factorTrail: Task = (env, args, start, end) => {
  const [a, n, k, width] = Array.from(args)
  const panel = panelOf(n)
  for (let row = start; row < end; row += panel) {
    const rows = Math.min(panel, end - row)
    const own = a + 4 * (row * n + k)
    env.sgemm(false, true, rows, k - row, width, -1, own, n, own, n, 1, a + 4 * (row * n + row), n)
  }
}

/** Args: a, n, k, width, r. Columns of U_k = −T_kk · (R_k · U) behind panel k; r is a copy of R_k [width, n − behind]. */
const factorInvert: Task = (env, args, start, end) => {
  const [a, n, k, width, r] = Array.from(args)
  const behind = k + width
  const columns = end - start
  // U is upper: rows from the last of these columns on do not count.
  env.sgemm(
    false,
    false,
    width,
    columns,
    end,
    1,
    r,
    n - behind,
    a + 4 * (behind * n + behind + start),
    n,
    0,
    env.scratch,
    columns,
  )
  const [to, inverse] = [a + 4 * (k * n + behind + start), a + 4 * (k * n + k)]
  env.sgemm(false, false, width, columns, width, -1, inverse, n, env.scratch, columns, 0, to, n)
}

export const factorTasks: Readonly<Record<string, Task>> = { factorPanel, factorTrail, factorInvert }

/** See PruneKernels.inverseFactor. */
export async function inverseFactor(pool: Pool, out: Tensor, h: Tensor, diagonal: Tensor): Promise<boolean> {
  const { heap } = pool
  const n = h.shape[0]
  const panel = panelOf(n)
  const a = heap.addressOf(out)
  pool.run('copyUpper', { total: n, unit: 32 }, [a, heap.addressOf(h), heap.addressOf(diagonal), n])
  const work = heap.allocate(4 * panel * Math.max(n, panel))
  try {
    for (let k = Math.floor((n - 1) / panel) * panel; k >= 0; k -= panel) {
      await breathe()
      const width = Math.min(panel, n - k)
      const corner = a + 4 * (k * n + k)
      if (!pool.inline('inverseFactorBlock', [width, corner, n, work])) return false
      const args = [a, n, k, width]
      pool.run('factorPanel', { total: k, unit: 32, scratchBytes: 4 * width * n }, args)
      pool.run('factorTrail', { total: k, unit: panel }, args)
      const behind = n - k - width
      if (behind === 0) continue
      pool.inline('copyBlock', [width, behind, work, behind, corner + 4 * width, n])
      pool.run('factorInvert', { total: behind, unit: 64, scratchBytes: 4 * width * n }, [...args, work])
    }
    return true
  } finally {
    heap.release(work)
  }
}
