import assert from 'node:assert/strict'
import { Control, controlStart, heapStart, type ExecuteChunk } from '../../../../src/engine/compute/cpu/control.ts'
import { headWords, writeEntry } from '../../../../src/engine/compute/cpu/entry.ts'
import type { Tensor } from '../../../../src/engine/compute/tensor.ts'
import type { Pool } from '../../../../src/engine/compute/cpu/pool.ts'
import { threadsOf } from '../../../support/threadsOf.ts'
import { Replay, type ProgramPlace } from '../../../../src/engine/compute/cpu/replay.ts'
import { openPool } from '../../../support/openPool.ts'
import { poolCommand as command } from '../../../support/poolCommand.ts'

const [pages, entryWords] = [1 + heapStart / 65536, headWords + 2]

/** A program of commands of so many chunks, and nobody but the caller to run it. */
function open(chunks: readonly number[], execute: ExecuteChunk, stallMs = 1000) {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  const control = new Control(memory)
  const words = new Float64Array(memory.buffer, heapStart, chunks.length * entryWords)
  chunks.forEach((count, i) => writeEntry(words, i * entryWords, { ...command, task: i, chunks: count }, [10 * i, i]))
  const place: ProgramPlace = { address: heapStart, entryWords, entries: chunks.length }
  return { memory, control, replay: new Replay(memory, control, 0, execute, stallMs), place }
}

describe('a program on the CPU pool', () => {
  it('runs its commands in their order, each with its own arguments, also without other workers', () => {
    let seen: number[][] = []
    const { replay, place } = open([1, 4, 1, 2], (c, args, start, end, chunk) =>
      seen.push([c.task, ...args, start, end, chunk]),
    )
    for (const threads of [1, 3, 2, 1]) {
      seen = []
      assert.ok(replay.run(place, threads))
      assert.deepEqual(seen, [
        [0, 0, 0, 0, 37, 0],
        ...(threads > 1 ? [0, 10, 20, 30].map((start, i) => [1, 10, 1, start, Math.min(37, start + 10), i]) : []),
        ...(threads > 1 ? [] : [[1, 10, 1, 0, 37, 0]]),
        [2, 20, 2, 0, 37, 0],
        ...(threads > 1
          ? [
              [3, 30, 3, 0, 20, 0],
              [3, 30, 3, 20, 37, 1],
            ]
          : [[3, 30, 3, 0, 37, 0]]),
      ])
    }
  })

  it('may be one command, in all of its chunks also on one thread', () => {
    let seen: number[][] = []
    const { replay } = open([], (_, args, start, end, chunk) => seen.push([...args, start, end, chunk]))
    for (const threads of [1, 2]) {
      seen = []
      assert.ok(replay.runCommand(command, [1.5], threads))
      assert.deepEqual(
        seen,
        [0, 10, 20, 30].map((start, i) => [1.5, start, Math.min(37, start + 10), i]),
      )
    }
  })

  it('keeps the first error and goes through the rest', () => {
    let tasks: number[] = []
    const { control, replay, place } = open([1, 4], ({ task }) => {
      tasks.push(task)
      throw new Error(`task ${task}`)
    })
    for (const threads of [1, 2]) {
      tasks = []
      assert.ok(replay.run(place, threads))
      assert.deepEqual(tasks, threads > 1 ? [0, 1, 1, 1, 1] : [0, 1])
      assert.match(control.takeFailure() ?? '', /task 0/)
    }
  })

  it('is not waited for when a worker left with a chunk, or nothing moves', () => {
    for (const leaves of [true, false]) {
      let first = true
      const execute = () => {
        // Another thread claims a chunk, and that is the last of it.
        if (first) Atomics.sub(position, 0, 1)
        if (first && leaves) control.leave()
        first = false
      }
      const { memory, control, replay, place } = open([3], execute, leaves ? 60_000 : 0)
      const position = new Int32Array(memory.buffer, controlStart + 4096, 1)
      assert.equal(replay.run(place, 2), false)
    }
  })
})

/** x = 1, then x = 2·x + 1 so many times, in chunks of a few elements and in one; or with a command that traps in between. */
function doubling(pool: Pool, times: number, traps = false) {
  const { heap } = pool
  const length = 1000
  const [x, ones] = [1, 2].map((): Tensor => {
    return { buffer: heap.allocate(4 * length), dtype: 'f32', shape: [length], offset: 0, length }
  })
  const [atX, atOnes] = [x, ones].map((tensor) => heap.addressOf(tensor))
  pool.run('fill', { total: length, unit: length }, [atOnes, 1])
  const calls: [task: string, unit: number, args: number[]][] = [['fill', 8, [atX, 1]]]
  for (let i = 0; i < times; i++) {
    calls.push(['add', i % 3 === 0 ? length : 8, [atX, atX, atX]])
    if (traps && i === 1) calls.push(['fill', 8, [0xf0000000, 1]])
    calls.push(['addScaled', 8, [atX, atOnes, 1]])
  }
  const words = headWords + 3
  const address = pool.heap.allocateInside(8 * words * calls.length)
  const program = new Float64Array(pool.heap.memory.buffer, address, words * calls.length)
  calls.forEach(([task, unit, args], i) =>
    writeEntry(program, i * words, pool.command(task, { total: length, unit }, args), args),
  )
  const place: ProgramPlace = { address, entryWords: words, entries: calls.length }
  const result = () => {
    const values = new Float32Array(length)
    heap.read(x, values)
    return values
  }
  return { run: () => pool.runProgram(place, String(traps)), result }
}

describe('a program on the threads of the CPU pool', () => {
  // More of them than the machine has processors, so that some lose theirs in the middle.
  for (const threads of [2, 5, 9])
    it(`runs every chunk of every command once, in order, on ${threads} threads`, async () => {
      const pool = await openPool(threads)
      const { run, result } = doubling(pool, 12)
      for (let again = 0; again < 60; again++) {
        run()
        assert.ok(result().every((value) => value === 2 ** 13 - 1))
        // Other work in between, and workers that are asleep when it goes on.
        if (again % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      }
      await pool.close()
    })

  it('says what failed in it, and continues afterwards', async () => {
    const pool = await openPool(3)
    const [failing, sound] = [doubling(pool, 4, true), doubling(pool, 4)]
    for (let again = 0; again < 3; again++) {
      assert.throws(() => failing.run(), /a program failed on the CPU pool: [^]*out of bounds/)
      sound.run()
      assert.ok(sound.result().every((value) => value === 31))
    }
    await pool.close()
  })

  it('is refused when a worker is gone, and after close', async () => {
    const { result: pool, threads } = await threadsOf(() => openPool(3))
    const { run } = doubling(pool, 2)
    await threads[1].terminate()
    assert.throws(run, /a worker of the CPU backend is gone/)
    await pool.close()
    assert.throws(run, /used after close/)
  })
})
