import assert from 'node:assert/strict'
import { Control, heapStart } from '../../../../src/engine/compute/cpu/control.ts'
import { poolCommand as command } from '../../../support/poolCommand.ts'

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

  it('gives up on chunks that no worker finishes', () => {
    const control = open()
    control.publish(command, [])
    assert.equal(control.finish(4, 0), false)
  })
})
