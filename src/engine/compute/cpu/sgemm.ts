// One single-threaded product for all tasks: BLAS, or the wasm kernel with this thread's packing buffer.
import type { Blas, Gemm } from './blas.ts'
import type { Wasm } from './wasm.ts'

export type Sgemm = Gemm

export function bindSgemm(wasm: Wasm, blas: Blas | null, packStart: number): Sgemm {
  if (blas) return blas.sgemm
  const { sgemm } = wasm
  return (transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc) =>
    void sgemm(Number(transA), Number(transB), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, packStart)
}
