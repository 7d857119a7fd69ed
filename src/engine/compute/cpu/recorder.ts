// Records kernels as a program (replay.ts) while they run, to run them again without calling them: each token of a text takes
// hundreds of kernels, on the same tensors as the token before.
import { bytesPerElement } from '../../dtype.ts'
import { EngineError } from '../../errors.ts'
import type { Recorder } from '../backend.ts'
import type { Kernels } from '../kernels.ts'
import { lengthOf } from '../tensor.ts'
import { headWords, writeEntry } from './entry.ts'
import { mostEntries } from './replay.ts'
import type { Pool, Runner, Split } from './pool.ts'

interface Call {
  readonly task: string
  readonly split: Split
  readonly args: readonly number[]
}

/** A function that is called again in each replay, and the range [first, end) of its calls in the list. */
interface Varying {
  readonly call: () => void
  readonly first: number
  readonly end: number
}

export function createRecorder(pool: Pool, kernelsOf: (runner: Runner) => Kernels): Recorder {
  const { heap } = pool
  const calls: Call[] = []
  const varied: Varying[] = []
  /** Index of the next call in the list to replace while a varying function is called again; else null. */
  let place: number | null = null
  let varies = false
  let program: ProgramInMemory | null = null

  const runner: Runner = {
    heap,
    threads: pool.threads,
    chunks() {
      throw new EngineError(
        'internal',
        'internal: a sum of parts by chunk, which a program has as many of as threads take part',
      )
    },
    inline: (name, args) => pool.inline(name, args),
    run(task, split, args) {
      const call = { task, split, args }
      if (place !== null) return void (calls[place++] = call)
      pool.run(task, split, args)
      calls.push(call)
    },
  }
  const memory = pooledMemory(pool)

  return {
    backend: {
      kernels: kernelsOf(runner),
      allocate(dtype, shape) {
        const length = lengthOf(shape)
        return { buffer: memory.take(length * bytesPerElement[dtype]), dtype, shape, offset: 0, length }
      },
      release: ({ buffer }) => memory.give(buffer),
      write(tensor, data) {
        if (!varies) throw new EngineError('internal', 'internal: what is written once is not there in a replay')
        if (memory.hadAnother(tensor.buffer))
          throw new EngineError(
            'internal',
            'internal: a replay writes first, and kernels before this one use its memory',
          )
        heap.write(tensor, data)
      },
    },
    varying(call) {
      const first = calls.length
      varies = true
      call()
      varies = false
      varied.push({ call, first, end: calls.length })
    },
    replay() {
      program ??= openProgram(pool, calls)
      varies = true
      for (const { call, first, end } of varied) {
        place = first
        call()
        if (place !== end) throw new EngineError('internal', 'internal: another number of kernels in a replay')
        for (let i = first; i < end; i++) program.set(i, calls[i])
      }
      varies = false
      place = null
      program.run()
    },
    close() {
      program?.close()
      memory.close()
    },
  }
}

interface ProgramInMemory {
  set(index: number, call: Call): void
  run(): void
  close(): void
}

function openProgram(pool: Pool, calls: readonly Call[]): ProgramInMemory {
  if (calls.length > mostEntries) throw new EngineError('internal', `internal: a program of ${calls.length} commands`)
  const entryWords = headWords + Math.max(...calls.map(({ args }) => args.length))
  const address = pool.heap.allocateInside(8 * entryWords * calls.length)
  const words = new Float64Array(pool.heap.memory.buffer, address, entryWords * calls.length)
  // The key of the program, the same for all texts of a model.
  const kind = `${calls.length} of ${calls.reduce((sum, { split }) => sum + split.total, 0)}`
  let scratchStart = -1
  const set = (i: number, { task, split, args }: Call) =>
    writeEntry(words, i * entryWords, pool.command(task, split, args), args)
  return {
    set,
    run() {
      // Other commands since the last run, or a longer text, may have moved the scratch; `set` may move it again.
      while (scratchStart !== pool.scratchStart) {
        scratchStart = pool.scratchStart
        calls.forEach((call, i) => set(i, call))
      }
      pool.runProgram({ address, entryWords, entries: calls.length }, kind)
    },
    close: () => pool.heap.release(address),
  }
}

/** Memory of released tensors is reused for later tensors of the same size, and returns to the heap only in `close`. */
function pooledMemory({ heap }: Pool) {
  const sizes = new Map<number, number>()
  const handedOn = new Set<number>()
  const free = new Map<number, number[]>()
  return {
    take(bytes: number): number {
      const known = free.get(bytes)?.pop()
      if (known !== undefined) handedOn.add(known)
      const address = known ?? heap.allocate(bytes)
      sizes.set(address, bytes)
      return address
    },
    give(address: number): void {
      const bytes = sizes.get(address) ?? 0
      free.set(bytes, [...(free.get(bytes) ?? []), address])
    },
    /** Whether another tensor of the pass had this memory before. */
    hadAnother: (address: number) => handedOn.has(address),
    close(): void {
      for (const address of sizes.keys()) heap.release(address)
    },
  }
}
