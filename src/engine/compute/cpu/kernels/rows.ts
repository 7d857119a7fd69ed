// Rows and columns: sums, gathers, copies.
import { bytesPerElement } from '../../../dtype.ts'
import type { Kernels } from '../../kernels.ts'
import type { Runner } from '../pool.ts'
import { codeOf } from './products.ts'
import { addresses, byColumns, byRows } from './splits.ts'

type Rows = Pick<Kernels, 'columnSum' | 'columnSquares' | 'gatherRows' | 'scatterAddRows' | 'rowDot' | 'copy'>

export function rowOps(pool: Runner): Rows {
  const at = addresses(pool)
  return {
    columnSum(out, x) {
      const n = x.length / out.length
      pool.run('columnSum', byColumns(out.length, n), [at(out), at(x), n, out.length])
    },
    columnSquares(out, x) {
      const n = x.length / out.length
      pool.run('columnSquares', byColumns(out.length, n), [at(out), at(x), n, out.length])
    },
    gatherRows(out, table, rows, scale, firstRow = 0) {
      const c = out.length / rows.length
      const args = [at(out), at(table), codeOf(table), at(rows), scale, c, firstRow, table.length / c]
      pool.run('gather', byRows(rows.length, c), args)
    },
    // By columns: rows may repeat.
    scatterAddRows(out, x, rows, rowScale) {
      const m = rows.length
      const c = x.length / m
      pool.run('scatterAdd', byColumns(c, m), [at(out), at(x), at(rows), at(rowScale), m, c])
    },
    rowDot(out, a, b) {
      const c = a.length / out.length
      pool.run('rowDot', byRows(out.length, c), [at(out), at(a), at(b), c])
    },
    copy(out, input, h) {
      pool.run('copyStrided', byRows(h.rows, h.groups * h.width), [
        ...[at(out), at(input), h.groups, h.width, h.outRow, h.outGroup, h.outOffset],
        ...[h.inRow, h.inGroup, h.inOffset, bytesPerElement[out.dtype]],
      ])
    },
  }
}
