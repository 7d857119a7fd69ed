// Products by oneDNN's plain functions where the processor has instructions for bf16: of bf16 matrices with f32 sums, and of f32,
// which it does there 2 to 20 % faster than OpenBLAS, small ones most.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { bindPointer, type Gemm } from './blas.ts'
import type { Heap } from './heap.ts'
import { linuxFolders, withoutThreads } from './systemLibraries.ts'

export interface OneDnn {
  readonly path: string
  readonly version: string
  readonly sgemm: Gemm
  /** The same of bf16 a and b. */
  readonly sbgemm: Gemm
}

export interface FoundOneDnn {
  readonly oneDnn: OneDnn | null
  /** Why there is none, or which were passed over. */
  readonly notes: readonly string[]
}

/** The bit that every instruction set with products of bf16 has in `dnnl_cpu_isa_t` (avx512_core_bf16, _fp16, _amx). */
const bf16Isa = 0x80

const [plain, transposed] = [...'NT'].map((letter) => letter.charCodeAt(0))

/** Opens a library at a path that `findOneDnn` accepted; throws when it cannot serve. Every thread that multiplies opens it. */
export async function loadOneDnn(path: string, memory: WebAssembly.Memory): Promise<OneDnn> {
  const { default: koffi } = await import('koffi')
  const library = koffi.load(path)
  const isa = library.func('int dnnl_get_effective_cpu_isa()')() as number
  if ((isa & bf16Isa) === 0) throw new Error('this processor has no instructions for products of bf16')
  // A thread of OpenMP's own would outlive the pool's, and end the process with a crash. The setting is the thread's.
  library.func('void omp_set_num_threads(int n)')(1)
  const version = koffi.decode(library.func('void *dnnl_version()')(), 'int', 3) as Int32Array
  const operands =
    '(char ta, char tb, int64_t m, int64_t n, int64_t k, float alpha, uintptr_t a, int64_t lda, ' +
    'uintptr_t b, int64_t ldb, float beta, uintptr_t c, int64_t ldc)'
  const pointer = bindPointer(koffi.address(new Uint8Array(memory.buffer)))
  const bind = (name: string): Gemm => {
    const gemm = library.func(`int ${name}${operands}`)
    return (transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc) => {
      const ta = transA ? transposed : plain
      const tb = transB ? transposed : plain
      const status = gemm(ta, tb, m, n, k, alpha, pointer(a), lda, pointer(b), ldb, beta, pointer(c), ldc) as number
      if (status !== 0) throw new Error(`internal: oneDNN refused a product of ${m} × ${n} × ${k} (status ${status})`)
    }
  }
  return {
    path,
    version: Array.from(version).join('.'),
    sgemm: bind('dnnl_sgemm'),
    sbgemm: bind('dnnl_gemm_bf16bf16f32'),
  }
}

/** Numbers that bf16 has exactly, transposed on the right: in f32 whatever was there, in bf16 added to what is there. */
function passesSelfTest({ sgemm, sbgemm }: OneDnn, heap: Heap): boolean {
  const at = heap.allocateInside(128)
  try {
    const { buffer } = heap.memory
    // [[1, 2, 3], [4, 5, 6]] and [[1, −1, 2], [0.5, 2, −4]], the upper halves of their f32.
    const operands = [1, 2, 3, 4, 5, 6, 1, -1, 2, 0.5, 2, -4]
    const upper = (x: number) => new Uint32Array(Float32Array.of(x).buffer)[0] >>> 16
    const out = new Float32Array(buffer, at + 64, 4).fill(NaN)
    new Float32Array(buffer, at, 12).set(operands)
    sgemm(false, true, 2, 2, 3, 1, at, 3, at + 24, 3, 0, at + 64, 2)
    if (![5, -7.5, 11, -12].every((expected, i) => out[i] === expected)) return false
    new Uint16Array(buffer, at, 12).set(operands.map(upper))
    out.set([1000, 2000, 3000, 4000])
    sbgemm(false, true, 2, 2, 3, 1, at, 3, at + 12, 3, 1, at + 64, 2)
    return [1005, 1992.5, 3011, 3988].every((expected, i) => out[i] === expected)
  } finally {
    heap.release(at)
  }
}

/** Debian names the library by major and minor version, others by the major alone. */
function candidates(): string[] {
  if (process.platform !== 'linux') return []
  return linuxFolders().flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /^libdnnl\.so\.3(\.\d+)*$/.test(name))
      .sort()
      .map((name) => join(folder, name)),
  )
}

/** The first library that loads and multiplies correctly. `SPARSESCOPE_ONEDNN` names another one, or `none`. */
export async function findOneDnn(heap: Heap): Promise<FoundOneDnn> {
  const setting = process.env.SPARSESCOPE_ONEDNN
  if (setting === 'none') return { oneDnn: null, notes: ['switched off by SPARSESCOPE_ONEDNN'] }
  const list = setting ? [setting] : candidates()
  const notes: string[] = []
  for (const path of list)
    try {
      const oneDnn = await withoutThreads(() => loadOneDnn(path, heap.memory))
      if (passesSelfTest(oneDnn, heap)) return { oneDnn, notes }
      notes.push(`${path}: wrong product in its self-test`)
    } catch (error) {
      notes.push(`${path}: ${error instanceof Error ? error.message : error}`)
    }
  if (list.length === 0) notes.push('no oneDNN (libdnnl.so.3) in the system folders')
  return { oneDnn: null, notes }
}
