// The system's BLAS and LAPACK through koffi, one thread per call: the pool splits the work.
//
// Every pointer is an integer here (same calling convention, cheaper to pass): the shared memory's base address plus
// an offset. The shared memory never moves when it grows.
import type { LibraryHandle } from 'koffi'

export type BlasKind = 'OpenBLAS' | 'MKL' | 'BLIS' | 'Accelerate'

/** Row-major products over byte offsets in the shared memory; leading dimensions count elements. */
export interface Blas {
  readonly path: string
  readonly kind: BlasKind
  /** E.g. OpenBLAS's configuration: version and the kernels it chose. */
  readonly config: string
  /** c[m,n] = alpha · op(a) · op(b) + beta · c. */
  sgemm: Gemm
  dgemm: Gemm
  /** LAPACK (column-major, on the lower or upper triangle); null where the library has none. */
  readonly lapack: Lapack | null
  trsm(precision: Precision, call: TriangularSolve): void
}

export type Precision = 's' | 'd'

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

/** b[m,n] = alpha · op(a)⁻¹ · b (left) or alpha · b · op(a)⁻¹ (right), row-major, a triangular. */
export interface TriangularSolve {
  readonly left: boolean
  readonly lower: boolean
  readonly transA: boolean
  readonly m: number
  readonly n: number
  readonly alpha: number
  readonly a: number
  readonly lda: number
  readonly b: number
  readonly ldb: number
}

/** Each returns LAPACK's info: 0 = done, > 0 = the leading minor of that order is not positive definite. */
export interface Lapack {
  /** Cholesky factor of a[n,n] in place. `uplo` is LAPACK's, i.e. for the transposed (column-major) view. */
  potrf(precision: Precision, uplo: 'L' | 'U', n: number, a: number, lda: number): number
  /** Inverse of a matrix from its Cholesky factor, in place, same triangle. */
  potri(precision: Precision, uplo: 'L' | 'U', n: number, a: number, lda: number): number
  /** Inverse of a triangular matrix, in place. */
  trtri(precision: Precision, uplo: 'L' | 'U', n: number, a: number, lda: number): number
}

const gemmSignature = (name: string, real: string) =>
  `void ${name}(int order, int ta, int tb, int m, int n, int k, ${real} alpha, uintptr_t a, int lda, ` +
  `uintptr_t b, int ldb, ${real} beta, uintptr_t c, int ldc)`

/** CBLAS enumerations. */
const rowMajor = 101
const plain = 111
const transposed = 112

function bindGemm(library: LibraryHandle, base: number, name: string, real: string): Gemm {
  const gemm = library.func(gemmSignature(name, real))
  return (transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc) => {
    const ta = transA ? transposed : plain
    const tb = transB ? transposed : plain
    gemm(rowMajor, ta, tb, m, n, k, alpha, base + a, lda, base + b, ldb, beta, base + c, ldc)
  }
}

function bindTrsm(library: LibraryHandle, base: number): Blas['trsm'] {
  const bind = (name: string, real: string) =>
    library.func(
      `void ${name}(int order, int side, int uplo, int ta, int diag, int m, int n, ${real} alpha, uintptr_t a, int lda, ` +
        `uintptr_t b, int ldb)`,
    )
  const solvers = { s: bind('cblas_strsm', 'float'), d: bind('cblas_dtrsm', 'double') }
  return (precision, { left, lower, transA, m, n, alpha, a, lda, b, ldb }) => {
    const nonUnit = 131
    const [side, uplo, ta] = [left ? 141 : 142, lower ? 122 : 121, transA ? transposed : plain]
    solvers[precision](rowMajor, side, uplo, ta, nonUnit, m, n, alpha, base + a, lda, base + b, ldb)
  }
}

function bindLapack(library: LibraryHandle, base: number): Lapack | null {
  const bind = (name: string) =>
    library.func(`void ${name}(const char *uplo, const int *n, uintptr_t a, const int *lda, _Out_ int *info)`)
  const bindTriangular = (name: string) =>
    library.func(
      `void ${name}(const char *uplo, const char *diag, const int *n, uintptr_t a, const int *lda, _Out_ int *info)`,
    )
  try {
    const potrf = { s: bind('spotrf_'), d: bind('dpotrf_') }
    const potri = { s: bind('spotri_'), d: bind('dpotri_') }
    const trtri = { s: bindTriangular('strtri_'), d: bindTriangular('dtrtri_') }
    const info = [0]
    return {
      potrf(precision, uplo, n, a, lda) {
        potrf[precision](uplo, [n], base + a, [lda], info)
        return info[0]
      },
      potri(precision, uplo, n, a, lda) {
        potri[precision](uplo, [n], base + a, [lda], info)
        return info[0]
      },
      trtri(precision, uplo, n, a, lda) {
        trtri[precision](uplo, 'N', [n], base + a, [lda], info)
        return info[0]
      },
    }
  } catch {
    return null
  }
}

/** Calls a function of the library if it is there. */
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

/** Throws unless the pool may call this library from several threads, with 32-bit integers. */
function openBlasConfig(library: LibraryHandle): string {
  const config = tryCall(library, 'str openblas_get_config()')
  if (typeof config !== 'string') throw new Error('not OpenBLAS (the reference BLAS is slower than WebAssembly)')
  if (config.includes('SINGLE_THREADED')) throw new Error('built without threads: not safe to call from several')
  if (config.includes('USE64BITINT')) throw new Error('built with 64-bit integers')
  return config
}

/** Opens a library at a path that `findBlas` accepted; throws when it cannot serve. */
export async function loadBlas(path: string, kind: BlasKind, memory: WebAssembly.Memory): Promise<Blas> {
  const { default: koffi } = await import('koffi')
  const library = koffi.load(path)
  const config = kind === 'OpenBLAS' ? openBlasConfig(library) : kind
  oneThread(library, kind)
  const base = Number(koffi.address(new Uint8Array(memory.buffer)))
  return {
    path,
    kind,
    config,
    sgemm: bindGemm(library, base, 'cblas_sgemm', 'float'),
    dgemm: bindGemm(library, base, 'cblas_dgemm', 'double'),
    trsm: bindTrsm(library, base),
    lapack: bindLapack(library, base),
  }
}
