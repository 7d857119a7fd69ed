// Products by oneDNN where the processor has instructions for bf16: bf16 matrices with f32 sums, and f32 matrices, for which oneDNN
// is 2 to 20 % faster than OpenBLAS there (most for small ones). oneDNN's plain functions pack both operands at every call. Its
// `matmul` primitive (matmul.ts) does not; it is used where it is faster, and where other operations are fused with the product.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../../errors.ts'
import type { Activation } from '../kernels.ts'
import type { Gemm } from './blas.ts'
import type { Heap } from './heap.ts'
import {
  bindMatmul,
  bindSoftmax,
  eltwise,
  type Matmul,
  packedColumns,
  packedRows,
  type Product,
  readsPacked,
  type Softmax,
} from './matmul.ts'
import { firstSound, linuxFolders, withoutThreads } from './findBlas.ts'
import { bindPointer } from './outside.ts'
import { bindPrimitives, type ElementType } from './primitives.ts'
import { bindSignals, type HeldSignals } from './signals.ts'

export interface OneDnnPrimitives {
  readonly matmul: Matmul
  readonly softmax: Softmax
  /** Why `matmul` does not read packed weights (kernels/packing.ts); null where it does. */
  readonly packedNote: string | null
}

export interface OneDnn {
  readonly path: string
  readonly version: string
  readonly sgemm: Gemm
  /** The same of bf16 a and b. */
  readonly sbgemm: Gemm
  /** `sgemm` and `sbgemm` use `matmul` where it is faster. null where primitives are missing or failed their self-test. */
  readonly primitives: OneDnnPrimitives | null
}

export interface FoundOneDnn {
  readonly oneDnn: OneDnn | null
  /** Why there is no library, or why some were passed over. */
  readonly notes: readonly string[]
}

/** The bit that every instruction set with products of bf16 has in `dnnl_cpu_isa_t` (avx512_core_bf16, _fp16, _amx). */
const bf16Isa = 0x80
/** The bits of AMX there: tiles, products of int8 and of bf16. */
const amxIsa = 0xe00

const [plain, transposed] = [...'NT'].map((letter) => letter.charCodeAt(0))

/**
 * Opens a library at a path that `findOneDnn` accepted; throws when it cannot be used. Every thread that multiplies opens it.
 * With `withPrimitives`, a library without primitives is refused; otherwise primitives are not used.
 */
export async function loadOneDnn(path: string, memory: WebAssembly.Memory, withPrimitives: boolean): Promise<OneDnn> {
  const { default: koffi } = await import('koffi')
  const library = koffi.load(path)
  const isa = library.func('int dnnl_get_effective_cpu_isa()')() as number
  if ((isa & bf16Isa) === 0) throw new Error('this processor has no instructions for products of bf16')
  // Threads started by OpenMP would outlive the pool's threads and crash the process when it ends. The setting is per thread.
  library.func('void omp_set_num_threads(int n)')(1)
  const version = koffi.decode(library.func('void *dnnl_version()')(), 'int', 3) as Int32Array
  const operands =
    '(char ta, char tb, int64_t m, int64_t n, int64_t k, float alpha, uintptr_t a, int64_t lda, ' +
    'uintptr_t b, int64_t ldb, float beta, uintptr_t c, int64_t ldc)'
  const pointer = bindPointer(koffi.address(new Uint8Array(memory.buffer)))
  const bind = (name: string, signals?: HeldSignals): Gemm => {
    const gemm = library.func(`int ${name}${operands}`)
    return (transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc) => {
      const ta = transA ? transposed : plain
      const tb = transB ? transposed : plain
      signals?.hold()
      const status = gemm(ta, tb, m, n, k, alpha, pointer(a), lda, pointer(b), ldb, beta, pointer(c), ldc) as number
      signals?.release()
      if (status !== 0) throw new Error(`internal: oneDNN refused a product of ${m} × ${n} × ${k} (status ${status})`)
    }
  }
  // `dnnl_sgemm` moves the stack pointer into its workspace (oneDNN 3.7.2): the frame of a signal handler would overwrite the heap
  // below the workspace. The function for bf16 and the primitives do not.
  const [sgemm, sbgemm] = [bind('dnnl_sgemm', bindSignals(koffi)), bind('dnnl_gemm_bf16bf16f32')]
  const found = { path, version: Array.from(version).join('.') }
  if (!withPrimitives) return { ...found, sgemm, sbgemm, primitives: null }
  const bound = bindPrimitives(koffi, library, pointer)
  const primitives = {
    matmul: bindMatmul(bound),
    softmax: bindSoftmax(bound),
    packedNote: readsPacked(bound) ? null : 'no code of its own for packed weights',
  }
  const isFaster = (isa & amxIsa) === amxIsa ? () => true : isNarrow
  return {
    ...found,
    sgemm: preferMatmul(primitives.matmul, 'f32', isNarrow, sgemm),
    sbgemm: preferMatmul(primitives.matmul, 'bf16', isFaster, sbgemm),
    primitives,
  }
}

/**
 * Whether the primitive is faster than the plain function, for f32, and for bf16 without AMX. For products with few columns or
 * few terms it is up to 100 % faster (Zen 5); for others it is up to 8 % slower.
 */
function isNarrow(n: number, k: number): boolean {
  return n <= 64 || k <= 32
}

/** Uses the primitive where it is faster, and for scaled bf16 products, for which the plain function takes eight times as long. */
function preferMatmul(
  matmul: Matmul,
  type: ElementType,
  isFaster: (n: number, k: number) => boolean,
  plainProduct: Gemm,
): Gemm {
  return (transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc) => {
    // oneDNN 3.7.2 reads a row or column with gaps between its elements as if it had none.
    const hasGaps = (transA && m === 1 && lda !== 1) || (!transB && n === 1 && ldb !== 1)
    if (hasGaps || (beta !== 0 && beta !== 1) || !(isFaster(n, k) || (type === 'bf16' && alpha !== 1)))
      plainProduct(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
    else matmul({ type, transA, transB, m, n, k, alpha, a, lda, b, ldb, accumulate: beta === 1, c, ldc })
  }
}

/** The bf16 bits of numbers that are exact in bf16: the upper halves of their f32 bits. */
const upperHalves = (numbers: readonly number[]) =>
  Uint16Array.from(numbers, (x) => new Uint32Array(Float32Array.of(x).buffer)[0] >>> 16)

/** [[1, 2, 3], [4, 5, 6]] and [[1, −1, 2], [0.5, 2, −4]], transposed on the right: all numbers here are exact in bf16. */
const [operands, sums] = [
  [1, 2, 3, 4, 5, 6, 1, -1, 2, 0.5, 2, -4],
  [5, -7.5, 11, -12],
]
const testBytes = 192 + 4 * packedRows * packedColumns

/** Tests an f32 product that must overwrite NaN, and a bf16 product that must be added to the output. */
function passesSelfTest({ sgemm, sbgemm }: OneDnn, heap: Heap, at: number): boolean {
  const { buffer } = heap.memory
  const out = new Float32Array(buffer, at + 64, 4).fill(NaN)
  new Float32Array(buffer, at, 12).set(operands)
  sgemm(false, true, 2, 2, 3, 1, at, 3, at + 24, 3, 0, at + 64, 2)
  if (!sums.every((expected, i) => out[i] === expected)) return false
  new Uint16Array(buffer, at, 12).set(upperHalves(operands))
  out.set([1000, 2000, 3000, 4000])
  sbgemm(false, true, 2, 2, 3, 1, at, 3, at + 12, 3, 1, at + 64, 2)
  return sums.every((sum, i) => out[i] === sum + 1000 * (i + 1))
}

/** Whether any fused operation that the kernels use gives a wrong result, in f32 or bf16; results in f32 may be off by 1e-4. */
function primitivesFail({ primitives }: OneDnn, heap: Heap, at: number): boolean {
  if (!primitives) return true
  const { buffer } = heap.memory
  const [c, bias, factor] = [at + 64, at + 96, at + 128]
  const exact = [6, -5.5, 18, -15]
  const out = new Float32Array(buffer, c, 4)
  const isWrong = (expected: readonly number[]) => !expected.every((x, i) => Math.abs(out[i] - x) < 1e-4)
  new Float32Array(buffer, bias, 2).set([1, 2])
  new Float32Array(buffer, factor, 4).set([2, 2, 3, 3])
  for (const type of ['f32', 'bf16'] as const) {
    const right = at + (type === 'f32' ? 24 : 12)
    if (type === 'f32') new Float32Array(buffer, at, 12).set(operands)
    else new Uint16Array(buffer, at, 12).set(upperHalves(operands))
    const multiply = (asked: Partial<Product>) => {
      const shape = { transA: false, transB: true, m: 2, n: 2, k: 3, a: at, lda: 3, b: right, ldb: 3, c, ldc: 2 }
      primitives.matmul({ ...shape, type, ...asked })
    }
    out.fill(NaN)
    multiply({})
    if (isWrong(sums)) return true
    multiply({ accumulate: true })
    if (isWrong(sums.map((sum) => 2 * sum))) return true
    // The first two columns of both matrices, with the left ones transposed.
    multiply({ transA: true, transB: false, k: 2 })
    if (isWrong([3, 7, 4.5, 8])) return true
    for (const [activation, expected] of activated) {
      multiply({ alpha: 0.25, activation: eltwise[activation] })
      if (isWrong(expected)) return true
    }
    multiply({ alpha: 0.5, bias, factor, out: type })
    if (
      type === 'f32' ? isWrong(exact) : upperHalves(exact).some((bits, i) => new Uint16Array(buffer, c, 4)[i] !== bits)
    )
      return true
    new Float32Array(buffer, factor, 4).set([1, 1, 0, -Infinity])
    primitives.softmax(2, 2, factor, c, type)
    if (type === 'f32' ? isWrong([0.5, 0.5, 1, 0]) : new Uint32Array(buffer, c, 2).join() !== `${0x3f003f00},${0x3f80}`)
      return true
    new Float32Array(buffer, factor, 4).set([2, 2, 3, 3])
  }
  return false
}

/** Whether [1, −1, 2, −2, …] times a packed weight, whose element in row i and column j is (i + 3j) mod 7, comes out wrong. */
function packedFails({ primitives }: OneDnn, heap: Heap, at: number): boolean {
  const [n, k] = [packedRows, packedColumns]
  const { buffer } = heap.memory
  const a = Array.from({ length: k }, (_, j) => (j % 2 === 0 ? 1 : -1) * (1 + (j >> 1)))
  const weight = (i: number, j: number) => (i + 3 * j) % 7
  const [b, c] = [at + 2 * k, at + 2 * k + 2 * n * k]
  new Uint16Array(buffer, at, k).set(upperHalves(a))
  const packed = Array.from({ length: n * k }, (_, at) => {
    const [pair, rest] = [Math.floor(at / (2 * n)), at % (2 * n)]
    return weight(rest >> 1, 2 * pair + (rest & 1))
  })
  new Uint16Array(buffer, b, n * k).set(upperHalves(packed))
  const shape = { m: 1, n, k, a: at, lda: k, b, ldb: 0, c, ldc: n }
  primitives?.matmul({ ...shape, type: 'bf16', transA: false, transB: true, packed: true })
  return new Float32Array(buffer, c, n).some((sum, i) => sum !== a.reduce((total, x, j) => total + x * weight(i, j), 0))
}

/** Expected activations of `sums` / 4. */
const activated: readonly (readonly [Activation, readonly number[]])[] = [
  ['gelu', [1.117938, -0.056993, 2.741806, -0.00405]],
  ['geluTanh', [1.117714, -0.057001, 2.742277, -0.003637]],
  ['quickGelu', [1.116934, -0.074056, 2.72473, -0.018071]],
  ['silu', [0.971625, -0.249308, 2.584762, -0.142278]],
]

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

/** The library with its primitives, or `plainOnly` and a note that says why. */
async function withPrimitives(plainOnly: OneDnn, heap: Heap, at: number, notes: string[]): Promise<OneDnn> {
  let why = 'wrong results in their self-test'
  try {
    const oneDnn = await withoutThreads(() => loadOneDnn(plainOnly.path, heap.memory, true))
    if (!primitivesFail(oneDnn, heap, at)) return withPacked(oneDnn, heap, at, notes)
  } catch (error) {
    why = messageOf(error)
  }
  notes.push(`${plainOnly.path}: slower products, without its primitives: ${why}`)
  return plainOnly
}

/** The library, with a note where it does not read packed weights. */
function withPacked(oneDnn: OneDnn, heap: Heap, at: number, notes: string[]): OneDnn {
  const { primitives, path } = oneDnn
  if (!primitives) return oneDnn
  const packedNote =
    primitives.packedNote ?? (packedFails(oneDnn, heap, at) ? 'a wrong product of packed weights' : null)
  if (packedNote !== null) notes.push(`${path}: slower products, ${packedNote}`)
  return { ...oneDnn, primitives: { ...primitives, packedNote } }
}

/** The first library that loads and multiplies correctly. `SPARSESCOPE_ONEDNN` is the path of another library, or `none`. */
export async function findOneDnn(heap: Heap): Promise<FoundOneDnn> {
  const setting = process.env.SPARSESCOPE_ONEDNN
  if (setting === 'none') return { oneDnn: null, notes: ['switched off by SPARSESCOPE_ONEDNN'] }
  const list = (setting ? [setting] : candidates()).map((path) => ({ path }))
  const notes = list.length > 0 ? [] : ['no oneDNN (libdnnl.so.3) in the system folders']
  const load = ({ path }: { path: string }) => loadOneDnn(path, heap.memory, false)
  const at = heap.allocateInside(testBytes)
  try {
    const plainOnly = await firstSound(list, load, (oneDnn) => passesSelfTest(oneDnn, heap, at), notes)
    return { oneDnn: plainOnly && (await withPrimitives(plainOnly, heap, at, notes)), notes }
  } finally {
    heap.release(at)
  }
}
