// The system's BLAS through koffi, one thread per call: the pool splits the work.
//
// Every pointer is an integer here (same calling convention, cheaper to pass): the shared memory's base address plus
// an offset, or the address of a tensor outside it. The shared memory never moves when it grows.
import type { LibraryHandle } from 'koffi'
import { bindPointer } from './outside.ts'

export type BlasKind = 'OpenBLAS' | 'MKL' | 'BLIS' | 'Accelerate'

/** The product over addresses, inside the shared memory or outside it (outside.ts). */
export interface Blas {
  readonly path: string
  readonly kind: BlasKind
  /** E.g. OpenBLAS's configuration: version and the kernels it chose. */
  readonly config: string
  readonly sgemm: Gemm
}

/** c[m,n] = alpha · op(a) · op(b) + beta · c, row-major; leading dimensions count elements. */
export type Gemm = (
  transA: boolean,
  transB: boolean,
  m: number,
  n: number,
  k: number,
  alpha: number,
  a: number,
  lda: number,
  b: number,
  ldb: number,
  beta: number,
  c: number,
  ldc: number,
) => void

/** CBLAS enumerations. */
const rowMajor = 101
const plain = 111
const transposed = 112

function bindSgemm(library: LibraryHandle, base: bigint): Gemm {
  const sgemm = library.func(
    'void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, uintptr_t a, int lda, ' +
      'uintptr_t b, int ldb, float beta, uintptr_t c, int ldc)',
  )
  const pointer = bindPointer(base)
  return (transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc) => {
    const ta = transA ? transposed : plain
    const tb = transB ? transposed : plain
    sgemm(rowMajor, ta, tb, m, n, k, alpha, pointer(a), lda, pointer(b), ldb, beta, pointer(c), ldc)
  }
}

/** Calls a function of the library; returns undefined if the library has none of this name. */
function tryCall(library: LibraryHandle, declaration: string, ...args: unknown[]): unknown {
  try {
    return library.func(declaration)(...args)
  } catch {
    return undefined
  }
}

function oneThread(library: LibraryHandle, kind: BlasKind): void {
  if (kind === 'OpenBLAS') tryCall(library, 'void openblas_set_num_threads(int n)', 1)
  if (kind === 'MKL') tryCall(library, 'void MKL_Set_Num_Threads(int n)', 1)
  if (kind === 'BLIS') tryCall(library, 'void bli_thread_set_num_threads(int64_t n)', 1)
}

/** OpenBLAS's configuration. Throws unless the library is safe to call from several threads and takes 32-bit integers. */
function openBlasConfig(library: LibraryHandle): string {
  const config = tryCall(library, 'str openblas_get_config()')
  if (typeof config !== 'string') throw new Error('not OpenBLAS (the reference BLAS is slower than WebAssembly)')
  if (config.includes('SINGLE_THREADED')) throw new Error('built without threads: not safe to call from several')
  if (config.includes('USE64BITINT')) throw new Error('built with 64-bit integers')
  return config
}

/** Opens a library at a path that `findBlas` accepted; throws when it cannot be used. */
export async function loadBlas(path: string, kind: BlasKind, memory: WebAssembly.Memory): Promise<Blas> {
  const { default: koffi } = await import('koffi')
  const library = koffi.load(path)
  const config = kind === 'OpenBLAS' ? openBlasConfig(library) : kind
  oneThread(library, kind)
  const base = koffi.address(new Uint8Array(memory.buffer))
  return { path, kind, config, sgemm: bindSgemm(library, base) }
}
