// The CPU backend: kernels over shared memory, run by a pool of threads, products by the system's BLAS.
import { availableParallelism } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { EngineError } from '../../errors.ts'
import { bytesPerElement, hostArray } from '../../dtype.ts'
import { machineMemoryBytes } from '../../machine.ts'
import type { Backend } from '../backend.ts'
import type { Kernels } from '../kernels.ts'
import type { PruneKernels } from '../pruneKernels.ts'
import { lengthOf } from '../tensor.ts'
import { findBlas, type FoundBlas } from './findBlas.ts'
import { openHeap } from './heap.ts'
import { cpuFused, cpuKernels } from './kernels/index.ts'
import { packing } from './kernels/packing.ts'
import { findOneDnn, type FoundOneDnn } from './oneDnn.ts'
import { Pool } from './pool.ts'
import { primitivesOf } from './task.ts'
import { taskTable } from './tasks.ts'
import { createRecorder } from './recorder.ts'
import { plural } from '../../../formatting/numbers.ts'
import { readWasm } from '../../readWasm.ts'
import { inverseFactor, solve } from './prune/factor.ts'
import { countScores, maskBelow, maskGroups, maskRows } from './prune/select.ts'
import { sparseGptBlock } from './prune/sparseGpt.ts'
import { mostSwapInputs, swapRows } from './prune/swaps.ts'

// The AssemblyScript kernels: compiled once, instantiated in every thread over the shared memory; see assembly/index.ts.
/** Relaxed SIMD (a fused multiply-add) came to V8 in 11.4; Node 20's 11.3 has it behind a flag. */
function allowRelaxedSimd(): void {
  const [major, minor] = process.versions.v8.split('.').map(Number)
  if (major === 11 && minor < 4) setFlagsFromString('--experimental-wasm-relaxed-simd')
}

export interface CompiledKernels {
  readonly module: WebAssembly.Module
  readonly relaxed: boolean
}

/** The build with fused multiply-add where the runtime supports it (and `relaxed` is not false), else the plain one. */
export function compileKernels(relaxed = true): CompiledKernels {
  if (relaxed) {
    allowRelaxedSimd()
    const bytes = readWasm('kernelsRelaxed')
    if (WebAssembly.validate(bytes)) return { module: new WebAssembly.Module(bytes), relaxed: true }
  }
  return { module: new WebAssembly.Module(readWasm('kernels')), relaxed: false }
}

export interface CpuOptions {
  /** Default: what the machine offers. */
  readonly threads?: number
  /** none: products by wasm. */
  readonly blas?: 'auto' | 'none'
  /** none: no bf16 products, and f32 products by BLAS. */
  readonly oneDnn?: 'auto' | 'none'
  /** Most bytes of all tensors; default: the machine's memory. */
  readonly maxBytes?: number
  /** Tensors of at least so many bytes are outside the WebAssembly memory; Infinity: none is, and all share 4 GiB. */
  readonly largeBytes?: number
  /** Bytes of a thread's stage for tensors outside (stage.ts); default: what stays in its cache. */
  readonly stageBytes?: number
  /** false computes without fused multiply-add, as on runtimes that lack relaxed SIMD. */
  readonly relaxed?: boolean
}

/** Default bytes of a thread's stage: room for a panel of every operand of a kernel. */
const stageBytes = 4 * 2 ** 20

export interface CpuBackend extends Backend {
  readonly kernels: Kernels
  readonly prune: PruneKernels
}

function describe(
  { blas, notes }: FoundBlas,
  { oneDnn, notes: oneDnnNotes }: FoundOneDnn,
  threads: number,
  relaxed: boolean,
): Backend['info'] {
  const version = /\d+\.\d+(\.\d+)?/.exec(blas?.config ?? '')?.[0]
  const blasName = blas ? [blas.kind, version].filter(Boolean).join(' ') : 'WebAssembly'
  const library = blas && oneDnn ? `oneDNN ${oneDnn.version}` : blasName
  return {
    device: 'cpu',
    description: `${library}, ${plural(threads, 'thread')}`,
    details: {
      blas: blas?.kind ?? 'none',
      blasPath: blas?.path ?? '',
      blasConfig: blas?.config ?? notes.join('; '),
      oneDnn: oneDnn?.version ?? 'none',
      oneDnnPath: oneDnn?.path ?? '',
      oneDnnMatmul: Boolean(oneDnn?.primitives),
      oneDnnPacked: oneDnn?.primitives?.packedNote === null,
      oneDnnNote: oneDnnNotes.join('; '),
      relaxedSimd: relaxed,
      threads,
    },
  }
}

export async function openCpu(options: CpuOptions = {}): Promise<CpuBackend> {
  const threads = options.threads ?? availableParallelism()
  if (!Number.isInteger(threads) || threads < 1)
    throw new EngineError('usage', `threads must be a whole number of at least 1, not ${options.threads}`)
  const heap = await openHeap({ maxBytes: options.maxBytes ?? machineMemoryBytes(), largeBytes: options.largeBytes })
  const notes = ['not asked for']
  const found: FoundBlas = options.blas === 'none' ? { blas: null, notes } : await findBlas(heap)
  const bf16: FoundOneDnn = options.oneDnn === 'none' ? { oneDnn: null, notes } : await findOneDnn(heap)
  const { module, relaxed } = compileKernels(options.relaxed)
  const libraries = { blas: found.blas, oneDnn: bf16.oneDnn }
  const pool = await Pool.open({
    heap,
    module,
    libraries,
    threads,
    taskTable,
    stageBytes: options.stageBytes ?? stageBytes,
  })
  return {
    info: describe(found, bf16, threads, relaxed),
    traits: { inHostMemory: true, widensWeights: true, bf16Products: bf16.oneDnn !== null },
    precision: 'f32',
    kernels: cpuKernels(pool),
    fused: primitivesOf(libraries) ? cpuFused(pool) : undefined,
    packing: primitivesOf(libraries)?.packedNote === null ? packing(pool) : undefined,
    prune: cpuPrune(pool),
    record: () => createRecorder(pool, cpuKernels),
    allocate(dtype, shape) {
      const length = lengthOf(shape)
      return { buffer: heap.allocate(length * bytesPerElement[dtype]), dtype, shape, offset: 0, length }
    },
    release: (tensor) => heap.release(tensor.buffer),
    write: (tensor, data) => heap.write(tensor, data),
    async read(tensor) {
      const result = hostArray(tensor.dtype, tensor.length)
      heap.read(tensor, result)
      return result
    },
    sync: async () => undefined,
    memory: () => heap.memoryUse(),
    close: () => pool.close(),
  }
}

/** Pruning on the pool. Operations block the thread, as all of this backend do; the long ones call `breathe` in between. */
function cpuPrune(pool: Pool): PruneKernels {
  return {
    traits: { scoresInF64: true, widestDigit: 16, mostSwapInputs },
    countScores: async (...args) => countScores(pool, ...args),
    maskBelow: async (...args) => maskBelow(pool, ...args),
    maskRows: async (...args) => maskRows(pool, ...args),
    maskGroups: async (...args) => maskGroups(pool, ...args),
    inverseFactor: (...args) => inverseFactor(pool, ...args),
    factor: (...args) => inverseFactor(pool, ...args, false),
    solve: async (...args) => solve(pool, ...args),
    sparseGptBlock: async (...args) => sparseGptBlock(pool, ...args),
    swapRows: (...args) => swapRows(pool, ...args),
  }
}
