// The pool: the calling thread and `threads − 1` workers run one command at a time, split into chunks.
//
// To add an operation that runs on it:
//  1. As a wasm export: write `export function name(start: i32, end: i32, ...args): void` in assembly/<file>.ts, where
//     [start, end) are the items (rows, elements) of a chunk and args are addresses (usize), sizes and scalars;
//     re-export it from assembly/index.ts, then `npm run build wasm`. Say in operands.ts what its items touch, so that it
//     works on tensors outside the WebAssembly memory. Call `pool.run('name', { total, unit }, args)`.
//  2. As a native task, when BLAS is needed between: a function `(env, args, start, end, chunk)` in a record that
//     tasks.ts spreads into its table. It uses env.sgemm, env.wasm (on addresses that env.stage gives) and its
//     own env.scratch, sized by `scratchBytes` of the command.
// `pool.inline(name, args)` calls a wasm export once in the calling thread. `unit` is the least number of items worth
// waking a thread for; chunks begin at multiples of it. Chunks depend on total, unit and thread count only, so the
// same machine computes the same bytes; sums across chunks go to one slot per chunk (`pool.chunks`) and are added in
// order afterwards. Temporary memory comes from `pool.heap`. Commands that run repeatedly are recorded (recorder.ts).
import type { Worker } from 'node:worker_threads'
import { EngineError } from '../../errors.ts'
import { startWorker } from '../../../system/startWorker.ts'
import type { BlasKind } from './blas.ts'
import { Control, type ExecuteChunk } from './control.ts'
import type { Command } from './entry.ts'
import type { Heap } from './heap.ts'
import { isOutside } from './outside.ts'
import { maxChunks, Replay, type ProgramPlace } from './replay.ts'
import { leastPanelBytes } from './staged.ts'
import { createEnv, executorOf, type Libraries, type TaskTable } from './task.ts'
import { ThreadChoice } from './threadChoice.ts'
import { instantiate, type Wasm } from '../../readWasm.ts'

export interface Split {
  readonly total: number
  readonly unit: number
  /** Bytes of scratch that each thread needs. */
  readonly scratchBytes?: number
  /** Least bytes of a thread's stage that a native task needs if tensors are outside. */
  readonly stageBytes?: number
}

/** More chunks than threads: neither an interrupted thread nor an uneven chunk (causal attention) holds up the rest. */
const chunksPerThread = 12
/** Milliseconds without progress after which a worker counts as lost: no chunk takes as long. */
const stallMs = 300_000

export interface PoolOptions {
  readonly heap: Heap
  readonly module: WebAssembly.Module
  readonly libraries: Libraries
  readonly threads: number
  /** Makes a thread's table of tasks from its wasm kernels. */
  readonly taskTable: (wasm: Wasm) => TaskTable
  /** Bytes of each thread's stage while a tensor is outside; it is larger where a kernel's smallest panel needs more. */
  readonly stageBytes: number
}

/** The start data of a worker of the pool. */
export interface WorkerStart {
  readonly memory: WebAssembly.Memory
  readonly module: WebAssembly.Module
  readonly thread: number
  readonly packStart: number
  /** Whether tensors may be outside the memory. */
  readonly outside: boolean
  readonly blas: { readonly path: string; readonly kind: BlasKind } | null
  /** oneDNN, and whether its primitives passed their self-test. */
  readonly oneDnn: { readonly path: string; readonly withPrimitives: boolean } | null
}

/** Number of chunks of a command. Only its size and the number of threads count, so that results do not depend on the load. */
export function chunkCount({ total, unit }: Split, threads: number): number {
  return Math.max(1, Math.min(Math.ceil(total / unit), threads * chunksPerThread, maxChunks - 1))
}

/** What kernels run their tasks by: the pool itself, or a recorder, which runs them and records them (recorder.ts). */
export type Runner = Pick<Pool, 'heap' | 'threads' | 'chunks' | 'run' | 'inline'>

export class Pool {
  readonly heap: Heap
  readonly threads: number
  readonly #wasm: Wasm
  readonly #workers: readonly Worker[]
  readonly #control: Control
  readonly #replay: Replay
  /** Thread choices by the `kind` of a program. */
  readonly #choices = new Map<string, ThreadChoice>()
  readonly #table: TaskTable
  readonly #execute: ExecuteChunk
  readonly #stageBytes: number
  #scratchStart = 0
  #scratchStride = 0
  #broken: EngineError | null = null

  private constructor(options: PoolOptions, wasm: Wasm, packStarts: readonly number[]) {
    const { heap, libraries, module, threads } = options
    const { blas, oneDnn } = libraries
    this.heap = heap
    this.threads = threads
    this.#stageBytes = options.stageBytes
    this.#wasm = wasm
    this.#table = options.taskTable(wasm)
    this.#control = new Control(heap.memory)
    this.#execute = executorOf(createEnv(wasm, libraries, heap.outside, 0, packStarts[0]), this.#table.tasks)
    this.#replay = new Replay(heap.memory, this.#control, 0, this.#execute, stallMs)
    this.#workers = packStarts.slice(1).map((packStart, i) => {
      const workerData: WorkerStart = {
        memory: heap.memory,
        module,
        thread: i + 1,
        packStart,
        outside: heap.outside !== null,
        blas: blas && { path: blas.path, kind: blas.kind },
        oneDnn: oneDnn && { path: oneDnn.path, withPrimitives: oneDnn.primitives !== null },
      }
      return startWorker(import.meta.url, './worker.ts', 'cpuWorker', { workerData })
    })
  }

  static async open(options: PoolOptions): Promise<Pool> {
    const { heap, libraries, threads, module } = options
    const wasm = instantiate(module, heap.memory)
    const packStarts = Array.from({ length: threads }, () =>
      libraries.blas ? 0 : heap.allocateInside(wasm.sgemmPackBytes()),
    )
    const pool = new Pool(options, wasm, packStarts)
    try {
      await Promise.all(pool.#workers.map((worker) => started(worker, pool.#table.names.join())))
    } catch (error) {
      await pool.close()
      throw error
    }
    for (const worker of pool.#workers) {
      worker.unref()
      const lost = (why: unknown) => pool.#lose(why)
      worker.on('error', lost)
      worker.on('exit', () => pool.#control.halted || lost('it exited'))
    }
    return pool
  }

  /** Number of chunks that `run` makes. */
  chunks(split: Split): number {
    return chunkCount(split, this.threads)
  }

  /** Runs a task over [0, total) and returns when all of it is done. */
  run(task: string, split: Split, args: readonly number[]): void {
    if (this.#broken) throw this.#broken
    // With a total of NaN the command would never end.
    if (Number.isNaN(split.total)) throw new EngineError('internal', `${task}: nothing says how much there is to do`)
    if (split.total <= 0) return
    const command = this.command(task, split, args)
    if (command.chunks === 1) this.#execute(command, args, 0, split.total, 0)
    else this.#end(this.#replay.runCommand(command, args, this.threads), task)
  }

  /**
   * Runs a program and returns when all of its commands are done. It uses the number of threads with which programs of this
   * `kind` have been fastest.
   */
  runProgram(program: ProgramPlace, kind: string): void {
    if (this.#broken) throw this.#broken
    const choice = this.#choices.get(kind) ?? new ThreadChoice(this.threads)
    this.#choices.set(kind, choice)
    const began = performance.now()
    const finished = this.#replay.run(program, choice.threads)
    choice.took(performance.now() - began)
    this.#end(finished, 'a program')
  }

  /** Address of the threads' scratch, until a command asks for more of it. */
  get scratchStart(): number {
    return this.#scratchStart
  }

  /** The command for a task over [0, total). Moves the scratch of all threads if it is too small. */
  command(task: string, split: Split, args: readonly number[]): Command {
    const scratchBytes = Math.ceil((split.scratchBytes ?? 0) / 64) * 64
    const staged = args.some(isOutside)
    const stageBytes = staged ? Math.max(this.#stageBytes, leastPanelBytes(task, args), split.stageBytes ?? 0) : 0
    if (scratchBytes + stageBytes > 0) this.#reserveScratch(scratchBytes + stageBytes)
    return {
      task: this.#table.indexOf(task),
      chunks: this.chunks(split),
      total: split.total,
      unit: split.unit,
      scratchStart: this.#scratchStart,
      scratchStride: this.#scratchStride,
      stageOffset: staged ? scratchBytes : this.#scratchStride,
    }
  }

  /** Calls a wasm export in the calling thread. */
  inline(name: string, args: readonly number[]): number {
    return this.#wasm[name](...args)
  }

  async close(): Promise<void> {
    this.#control.halt()
    this.#broken = new EngineError('internal', 'internal: the CPU backend was used after close')
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }

  #end(finished: boolean, what: string): void {
    const failure = this.#control.takeFailure()
    if (finished && failure === null) return
    if (!finished) throw this.#lose(`it did not finish ${what}`)
    throw new EngineError('internal', `internal: ${what} failed on the CPU pool: ${failure}`)
  }

  #reserveScratch(bytes: number): void {
    if (bytes <= this.#scratchStride) return
    if (this.#scratchStride > 0) this.heap.release(this.#scratchStart)
    this.#scratchStride = 0
    const stride = Math.ceil(bytes / 4096) * 4096
    this.#scratchStart = this.heap.allocateInside(stride * this.threads)
    this.#scratchStride = stride
  }

  #lose(why: unknown): EngineError {
    const reason = why instanceof Error ? why.message : String(why)
    this.#broken ??= new EngineError('device-lost', `a worker of the CPU backend is gone: ${reason}; start again`)
    return this.#broken
  }
}

/** Resolves when a worker says it is ready, with the same tasks in the same order as ours. */
function started(worker: Worker, tasks: string): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('message', (theirs) => {
      if (theirs === tasks) resolve()
      else
        reject(
          new EngineError('internal', 'the CPU backend and its worker are of different builds: run `npm run build`'),
        )
    })
    worker.once('error', (error) =>
      reject(
        new EngineError('internal', `a worker of the CPU backend did not start: ${error.message}`, { cause: error }),
      ),
    )
    worker.once('exit', (code) => reject(new EngineError('internal', `a worker of the CPU backend ended (${code})`)))
  })
}
