import assert from 'node:assert/strict'
import { RunQueue } from '../../../src/extension/runs/runQueue.ts'

describe('the line of runs', () => {
  it('knows the folder of a run that is resumed before it starts: it is never resumed twice', () => {
    const queue = new RunQueue()
    const place = queue.enter('opt', undefined, '/runs/a')
    assert.ok(queue.has('/runs/a'))
    assert.equal(queue.waiting().length, 1)
    queue.cancel('/runs/a')
    assert.ok(place.signal.aborted)
    place.leave()
    assert.ok(!queue.has('/runs/a'))
  })

  it('knows the folder of a new run from its start on, and says to waiting runs what is before them', () => {
    const queue = new RunQueue()
    const first = queue.enter('first')
    queue.enter('second')
    first.started('/runs/1')
    assert.ok(queue.has('/runs/1'))
    assert.deepEqual(
      queue.waiting().map(({ name, behind }) => [name, behind]),
      [['second', 'first']],
    )
    first.leave()
    assert.deepEqual(
      queue.waiting().map(({ behind }) => behind),
      [null],
    )
  })
})
