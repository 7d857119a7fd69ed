// A sequence of kernel calls, recorded once as dispatches and replayed on the device without repeating the calls. Each generated token
// takes hundreds of calls, on the same tensors as the previous token.
import { EngineError } from '../../errors.ts'
import type { Recorder as Recording } from '../backend.ts'
import { accounted, type MemoryAccount } from './deviceMemory.ts'
import { type Command, type KernelName, recordedKernels } from './protocol.ts'
import { type BufferPool, kept, type PooledBuffer, sizeClass } from './pool.ts'
import type { Entry } from './recorder.ts'

/** The device's side. */
export class Program {
  /** Entries to replay; null at a place where each replay executes new commands. */
  readonly steps: (Entry[] | null)[] = []
  /** False once a call of the program has failed, or was skipped after a failure. */
  isWhole = true
  readonly #pool: BufferPool
  readonly #free = new Map<number, PooledBuffer[]>()
  readonly #own: PooledBuffer[] = []
  readonly #tensors: number[] = []

  constructor(pool: BufferPool) {
    this.#pool = pool
  }

  /** Where the next call's dispatches go. */
  get last(): Entry[] {
    const last = this.steps.at(-1)
    if (last) return last
    const entries: Entry[] = []
    this.steps.push(entries)
    return entries
  }

  /** Memory that only tensors of this program reuse until it is closed. */
  acquire(bytes: number): PooledBuffer {
    const known = this.#free.get(sizeClass(bytes))?.pop()
    if (known) return known
    const buffer = this.#pool.acquire(bytes)
    this.#own.push(buffer)
    return buffer
  }

  /** Memory for buffer `id`, valid beyond its release: in a replay, varying commands may write to it before its memory is reused. */
  allocate(id: number, bytes: number): PooledBuffer {
    this.#tensors.push(id)
    return this.acquire(bytes)
  }

  release(buffer: PooledBuffer): void {
    kept(this.#free, buffer.size, (): PooledBuffer[] => []).push(buffer)
  }

  /** Gives all memory back; returns the buffers' numbers. */
  close(): readonly number[] {
    for (const buffer of this.#own) this.#pool.release(buffer)
    return this.#tensors
  }
}

/** The calling thread's side of the program with this number; `kernels`: all that can be called. */
export function recordProgram(
  program: number,
  kernels: readonly KernelName[],
  push: (command: Command) => void,
  account: Pick<MemoryAccount, 'take' | 'release'>,
): Recording {
  const live = new Set<number>()
  const varied: (() => void)[] = []
  /** Receives the commands of a varying call while the call runs; else null. */
  let vary: ((command: Command) => void) | null = null
  const keep = (command: Command) => push({ ...command, program } as Command)
  const memory = accounted(account, keep)
  const varying = (call: () => void, to: (command: Command) => void) => {
    vary = to
    call()
    vary = null
  }
  return {
    backend: {
      kernels: recordedKernels(kernels, (call) => (vary ?? keep)(call)),
      allocate(dtype, shape) {
        const tensor = memory.allocate(dtype, shape)
        live.add(tensor.buffer)
        return tensor
      },
      release(tensor) {
        live.delete(tensor.buffer)
        memory.release(tensor)
      },
      write(tensor, data) {
        if (!vary) throw new EngineError('internal', 'internal: what is written once is not there in a replay')
        vary({ do: 'write', tensor, data: data.slice() })
      },
    },
    varying(call) {
      push({ do: 'vary', program })
      varying(call, push)
      varied.push(call)
    },
    replay() {
      const commands = varied.map((call) => {
        const own: Command[] = []
        varying(call, (command) => own.push(command))
        return own
      })
      push({ do: 'replay', program, varied: commands })
    },
    close() {
      for (const buffer of live) account.release(buffer)
      push({ do: 'forget', program })
    },
  }
}
