// A sequence of kernel calls as the dispatches that they came to: recorded once, and sent to the device again without being called. A
// token of a text takes hundreds of them, on the same tensors as the one before.
import { lengthOf } from '../tensor.ts'
import { bytesPerElement } from '../../dtype.ts'
import { EngineError } from '../../errors.ts'
import type { Recorder as Recording } from '../backend.ts'
import type { MemoryAccount } from './deviceMemory.ts'
import { type Command, type KernelCall, type KernelCalls, kernelNames } from './protocol.ts'
import { sizeClass, type BufferPool, type PooledBuffer } from './pool.ts'
import type { Entry } from './recorder.ts'

/** The device's side. */
export class Program {
  /** What is replayed; null where calls are made again each time. */
  readonly steps: (Entry[] | null)[] = []
  /** No call of it failed, or was left out after one that had. */
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

  /** Memory that goes from one tensor of the program to the next, and to nobody else before it is closed. */
  acquire(bytes: number): PooledBuffer {
    const known = this.#free.get(sizeClass(bytes))?.pop()
    if (known) return known
    const buffer = this.#pool.acquire(bytes)
    this.#own.push(buffer)
    return buffer
  }

  /** For the tensors of buffer `id`. What varies may write there again after their release, before whatever has the memory then. */
  allocate(id: number, bytes: number): PooledBuffer {
    this.#tensors.push(id)
    return this.acquire(bytes)
  }

  release(buffer: PooledBuffer): void {
    const list = this.#free.get(buffer.size)
    if (list) list.push(buffer)
    else this.#free.set(buffer.size, [buffer])
  }

  /** Gives all memory back; returns the buffers' numbers. */
  close(): readonly number[] {
    for (const buffer of this.#own) this.#pool.release(buffer)
    return this.#tensors
  }
}

/** The calling thread's side of the program with this number. */
export function recordProgram(
  program: number,
  push: (command: Command) => void,
  account: Pick<MemoryAccount, 'take' | 'release'>,
): Recording {
  const live = new Set<number>()
  const varied: (() => void)[] = []
  /** Gets what varies, while it is called. */
  let vary: ((command: Command) => void) | null = null
  const callOf =
    (kernel: string) =>
    (...args: unknown[]) => {
      const call = { do: 'call', kernel, args } as unknown as KernelCall
      if (vary) vary(call)
      else push({ ...call, program })
    }
  const varying = (call: () => void, to: (command: Command) => void) => {
    vary = to
    call()
    vary = null
  }
  return {
    backend: {
      kernels: Object.fromEntries(kernelNames.map((name) => [name, callOf(name)])) as unknown as KernelCalls,
      allocate(dtype, shape) {
        const length = lengthOf(shape)
        const bytes = Math.max(4, length * bytesPerElement[dtype])
        const buffer = account.take(bytes)
        live.add(buffer)
        push({ do: 'allocate', buffer, bytes, program })
        return { buffer, dtype, shape, offset: 0, length }
      },
      release({ buffer }) {
        live.delete(buffer)
        account.release(buffer)
        push({ do: 'release', buffer, program })
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
