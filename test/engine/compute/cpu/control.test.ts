import assert from 'node:assert/strict'
import { Control, heapStart } from '../../../../src/engine/compute/cpu/control.ts'
import { headWords, writeEntry, type Command } from '../../../../src/engine/compute/cpu/entry.ts'

const command: Command = {
  task: 3,
  chunks: 4,
  total: 37,
  unit: 5,
  scratchStart: 64,
  stageOffset: 0,
  scratchStride: 128,
}

const open = () =>
  new Control(new WebAssembly.Memory({ initial: heapStart / 65536, maximum: heapStart / 65536, shared: true }))

describe('the command block of the CPU pool', () => {
  it('hands out every item once, in chunks that begin at multiples of the unit', () => {
    const control = open()
    control.publish(command, [1.5, 2])
    const seen: [number, number, number][] = []
    control.work((c, args, start, end, chunk) => {
      assert.deepEqual([c, args[0], args[1]], [command, 1.5, 2])
      seen.push([start, end, chunk])
    })
    assert.deepEqual(seen, [
      [0, 10, 0],
      [10, 20, 1],
      [20, 30, 2],
      [30, 37, 3],
    ])
    assert.ok(control.finish(4, 1000))
    control.work(() => assert.fail('a finished command has no chunks left'))
  })

  it('runs the commands of a program in their order, each with its own arguments', () => {
    const memory = new WebAssembly.Memory({
      initial: 1 + heapStart / 65536,
      maximum: 1 + heapStart / 65536,
      shared: true,
    })
    const control = new Control(memory)
    const entryWords = headWords + 2
    const words = new Float64Array(memory.buffer, heapStart, 4 * entryWords)
    const chunks = [1, 4, 1, 2]
    chunks.forEach((count, i) => writeEntry(words, i * entryWords, { ...command, task: i, chunks: count }, [10 * i, i]))
    const place = { address: heapStart, entryWords, entries: 4 }
    for (let again = 0; again < 2; again++) {
      const seen: number[][] = []
      const done = control.run(place, (c, args, start, end) => seen.push([c.task, args[0], args[1], start, end]), 1000)
      assert.ok(done)
      assert.deepEqual(seen, [
        [0, 0, 0, 0, 37],
        ...[0, 10, 20, 30].map((start) => [1, 10, 1, start, Math.min(37, start + 10)]),
        [2, 20, 2, 0, 37],
        [3, 30, 3, 0, 20],
        [3, 30, 3, 20, 37],
      ])
    }
    // A command by itself afterwards is no part of it.
    control.publish(command, [])
    control.work(() => undefined)
    assert.ok(control.finish(4, 1000))
  })

  it('keeps the first error of a program and goes through the rest', () => {
    const memory = new WebAssembly.Memory({
      initial: 1 + heapStart / 65536,
      maximum: 1 + heapStart / 65536,
      shared: true,
    })
    const control = new Control(memory)
    const words = new Float64Array(memory.buffer, heapStart, 2 * headWords)
    writeEntry(words, 0, { ...command, task: 0, chunks: 1 }, [])
    writeEntry(words, headWords, { ...command, task: 1 }, [])
    const tasks: number[] = []
    const place = { address: heapStart, entryWords: headWords, entries: 2 }
    const done = control.run(
      place,
      ({ task }) => {
        tasks.push(task)
        throw new Error(`task ${task}`)
      },
      1000,
    )
    assert.ok(done)
    assert.deepEqual(tasks, [0, 1, 1, 1, 1])
    assert.match(control.takeFailure() ?? '', /task 0/)
  })

  it('keeps the first error of a command and counts the chunk as done', () => {
    const control = open()
    control.publish(command, [])
    control.work((_, __, ___, ____, chunk) => {
      if (chunk > 0) throw new Error(`chunk ${chunk}`)
    })
    assert.ok(control.finish(4, 1000))
    assert.match(control.takeFailure() ?? '', /chunk 1/)
    assert.equal(control.takeFailure(), null)
  })

  it('does not wait for a worker that left with a chunk', () => {
    const control = open()
    control.publish({ ...command, chunks: 4095 - 1 }, [])
    control.leave()
    assert.equal(control.finish(4, 60_000), false)
  })

  it('gives up on chunks that nobody finishes', () => {
    const control = open()
    control.publish(command, [])
    assert.equal(control.finish(4, 0), false)
  })
})
