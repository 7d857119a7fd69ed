// One thread's side of a command: the task, its environment, and the table by which a task travels as its index.
import type { Blas, Gemm } from './blas.ts'
import type { ExecuteChunk } from './control.ts'
import type { OneDnn, OneDnnPrimitives } from './oneDnn.ts'
import type { Outside } from './outside.ts'
import { Stage } from './stage.ts'
import { stagedGemm } from './staged.ts'
import type { Wasm } from '../../readWasm.ts'

/** The environment of a thread. Addresses are byte offsets in the shared memory, or pointers outside it (outside.ts). */
export interface TaskEnv {
  /** Kernels, which take addresses inside only. */
  readonly wasm: Wasm
  /** Single-threaded product of matrices anywhere: oneDNN or BLAS, or wasm where there is none. */
  readonly sgemm: Gemm
  /** The same of bf16 a and b, with f32 sums. Where there is none, no task asks for it. */
  readonly sbgemm: Gemm
  /** More in one pass than a product, over addresses anywhere; null where oneDNN has none. */
  readonly primitives: OneDnnPrimitives | null
  /** Shows the wasm kernels panels of tensors outside. */
  readonly stage: Stage
  /** 0 is the calling thread. Results must not depend on it: chunks go to whoever is free. */
  readonly thread: number
  /** Start of this thread's scratch, of the size the command asked for. */
  scratch: number
}

/** Works on items [start, end) of a command; `chunk` numbers the parts of one command, for partial sums. */
export type Task = (env: TaskEnv, args: readonly number[], start: number, end: number, chunk: number) => void

export interface TaskTable {
  /** Their order is the table: threads of one build agree on it. */
  readonly names: readonly string[]
  indexOf(name: string): number
  readonly tasks: readonly Task[]
}

/** Libraries of products, as far as the machine has them. */
export interface Libraries {
  readonly blas: Blas | null
  readonly oneDnn: OneDnn | null
}

export function createEnv(
  wasm: Wasm,
  { blas, oneDnn }: Libraries,
  outside: Outside | null,
  thread: number,
  packStart: number,
): TaskEnv {
  const stage = new Stage(outside, wasm)
  const sgemm = bindSgemm(wasm, { blas, oneDnn }, stage, packStart)
  return {
    wasm,
    thread,
    scratch: 0,
    stage,
    sgemm,
    sbgemm: oneDnn?.sbgemm ?? noSbgemm,
    primitives: primitivesOf({ blas, oneDnn }),
  }
}

/** Without a BLAS products of f32 are by wasm, and so are not these. */
export const primitivesOf = ({ blas, oneDnn }: Libraries): OneDnnPrimitives | null =>
  (blas && oneDnn?.primitives) ?? null

const noSbgemm: Gemm = () => {
  throw new Error('internal: a product of bf16 where there is none')
}

/** Runs chunks in a thread, whose scratch and stage are where the command says. */
export function executorOf(env: TaskEnv, tasks: readonly Task[]): ExecuteChunk {
  return ({ task, scratchStart, scratchStride, stageOffset }, args, start, end, chunk) => {
    env.scratch = scratchStart + env.thread * scratchStride
    env.stage.open(env.scratch + stageOffset, env.scratch + scratchStride)
    tasks[task](env, args, start, end, chunk)
  }
}

/** oneDNN, which is faster than BLAS, or BLAS; without a BLAS the wasm kernel with this thread's packing buffer. */
function bindSgemm(wasm: Wasm, { blas, oneDnn }: Libraries, stage: Stage, packStart: number): Gemm {
  if (blas) return (oneDnn ?? blas).sgemm
  const { sgemm } = wasm
  const inside: Gemm = (transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc) =>
    void sgemm(Number(transA), Number(transB), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, packStart)
  return stagedGemm(inside, stage)
}
