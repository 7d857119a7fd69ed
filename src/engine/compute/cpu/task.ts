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
  /** The same for bf16 a and b, with f32 sums. No task calls it where the machine has no bf16 products. */
  readonly sbgemm: Gemm
  /** Fused products and softmax by oneDNN, over addresses anywhere; null where there are none. */
  readonly primitives: OneDnnPrimitives | null
  /** Shows the wasm kernels panels of tensors outside. */
  readonly stage: Stage
  /** 0 is the calling thread. Results must not depend on it: chunks go to whichever thread is free. */
  readonly thread: number
  /** Start of this thread's scratch, of the size the command asked for. */
  scratch: number
}

/** Works on items [start, end) of a command; `chunk` numbers the parts of one command, for partial sums. */
export type Task = (env: TaskEnv, args: readonly number[], start: number, end: number, chunk: number) => void

export interface TaskTable {
  /** `names[i]` is the name of `tasks[i]`. All threads of a build have the same order. */
  readonly names: readonly string[]
  indexOf(name: string): number
  readonly tasks: readonly Task[]
}

/** Libraries for products; null where the machine has none. */
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

/** oneDNN's primitives. Without a BLAS they are not used either: all f32 products then run in wasm. */
export const primitivesOf = ({ blas, oneDnn }: Libraries): OneDnnPrimitives | null =>
  (blas && oneDnn?.primitives) ?? null

const noSbgemm: Gemm = () => {
  throw new Error('internal: a product of bf16 where there is none')
}

/** Runs chunks in one thread, with the thread's scratch and stage at the addresses that the command gives. */
export function executorOf(env: TaskEnv, tasks: readonly Task[]): ExecuteChunk {
  return ({ task, scratchStart, scratchStride, stageOffset }, args, start, end, chunk) => {
    env.scratch = scratchStart + env.thread * scratchStride
    env.stage.open(env.scratch + stageOffset, env.scratch + scratchStride)
    tasks[task](env, args, start, end, chunk)
  }
}

/** With a BLAS, oneDNN's product where there is one, since it is faster, else the BLAS's. Without, the wasm kernel's. */
function bindSgemm(wasm: Wasm, { blas, oneDnn }: Libraries, stage: Stage, packStart: number): Gemm {
  if (blas) return (oneDnn ?? blas).sgemm
  const { sgemm } = wasm
  const inside: Gemm = (transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc) =>
    void sgemm(Number(transA), Number(transB), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, packStart)
  return stagedGemm(inside, stage)
}
