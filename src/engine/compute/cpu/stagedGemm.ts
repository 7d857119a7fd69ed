// The wasm product on matrices that may lie outside: blocks of them go through the stage. Blocks are whole ones of the kernel
// (assembly/gemm.ts), so that sums come out as they do inside.
import type { Gemm } from './blas.ts'
import { isOutside } from './outside.ts'
import type { Stage } from './stage.ts'

const [blockRows, blockColumns, blockDepth] = [256, 512, 256]

export function stagedGemm(gemm: Gemm, stage: Stage): Gemm {
  return (transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc) => {
    if (![a, b, c].some(isOutside)) return gemm(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
    for (let j = 0; j < n; j += blockColumns)
      for (let i = 0; i < m; i += blockRows) {
        const [rows, columns] = [Math.min(blockRows, m - i), Math.min(blockColumns, n - j)]
        const mark = stage.mark()
        const [to, ldTo] = stage.rows(beta === 0 ? 'out' : 'inout', c + 4 * (i * ldc + j), rows, columns, ldc)
        for (let p = 0; p < k; p += blockDepth) {
          const depth = Math.min(blockDepth, k - p)
          const block = stage.mark()
          const left = block2d(stage, transA, a, lda, i, rows, p, depth)
          const right = block2d(stage, transB, b, ldb, p, depth, j, columns)
          gemm(transA, transB, rows, columns, depth, alpha, ...left, ...right, p === 0 ? beta : 1, to, ldTo)
          stage.flush(block)
        }
        stage.flush(mark)
      }
  }
}

/** Rows and columns of op(x) inside, as x has them. */
function block2d(
  stage: Stage,
  transposed: boolean,
  x: number,
  ld: number,
  row: number,
  rows: number,
  column: number,
  columns: number,
): [address: number, ld: number] {
  return transposed
    ? stage.rows('in', x + 4 * (column * ld + row), columns, rows, ld)
    : stage.rows('in', x + 4 * (row * ld + column), rows, columns, ld)
}
