// Rows and columns: sums, gathers and copies, in f64 loops.
import type { Kernels } from '../../../src/engine/compute/kernels.ts'
import type { Storage } from './storage.ts'

type Rows = Pick<Kernels, 'columnSum' | 'columnSquares' | 'gatherRows' | 'scatterAddRows' | 'rowDot' | 'copy'>

export function rowOps(s: Storage): Rows {
  return {
    columnSum(out, x) {
      const [y, v] = [s.f(out), s.f(x)]
      for (let e = 0; e < v.length; e++) y[e % y.length] += v[e]
    },
    columnSquares(out, x) {
      const [y, v] = [s.f(out), s.f(x)]
      for (let e = 0; e < v.length; e++) y[e % y.length] += v[e] ** 2
    },
    gatherRows(out, table, rows, scale, firstRow = 0) {
      const [y, t, index] = [s.f(out), s.values(table), s.cells(rows)]
      const width = y.length / index.length
      for (let e = 0; e < y.length; e++) {
        const at = (index[Math.floor(e / width)] - firstRow) * width + (e % width)
        if (at >= 0 && at < t.length) y[e] = scale * t[at]
      }
    },
    scatterAddRows(out, x, rows, rowScale) {
      const [y, v, index] = [s.f(out), s.f(x), s.cells(rows)]
      const width = v.length / index.length
      const scale = rowScale ? s.f(rowScale) : null
      for (let e = 0; e < v.length; e++) {
        const m = Math.floor(e / width)
        y[index[m] * width + (e % width)] += v[e] * (scale ? scale[m] : 1)
      }
    },
    rowDot(out, a, b) {
      const [y, u, v] = [s.f(out).fill(0), s.f(a), s.f(b)]
      const width = u.length / y.length
      for (let e = 0; e < u.length; e++) y[Math.floor(e / width)] += u[e] * v[e]
    },
    copy(out, input, h) {
      const [y, v] = [s.cells(out), s.cells(input)]
      for (let r = 0; r < h.rows; r++)
        for (let g = 0; g < h.groups; g++)
          for (let w = 0; w < h.width; w++) {
            const to = r * h.outRow + g * h.outGroup + h.outOffset + w
            y[to] = v[r * h.inRow + g * h.inGroup + h.inOffset + w]
          }
    },
  }
}
