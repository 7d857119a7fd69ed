import assert from 'node:assert/strict'
import { createLane } from '../../../src/backend/jobs.ts'

describe('a lane of jobs', () => {
  it('runs one at a time, in order, also after a failure', async () => {
    const lane = createLane()
    const log: string[] = []
    const job = (name: string, fail = false) =>
      lane.run(new AbortController().signal, async () => {
        log.push(`${name} begins`)
        await new Promise((resolve) => setImmediate(resolve))
        log.push(`${name} ends`)
        if (fail) throw new Error(name)
      })
    const results = await Promise.allSettled([job('a'), job('b', true), job('c')])
    assert.deepEqual(
      results.map((r) => r.status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    assert.deepEqual(log, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  })

  it('never starts a job that was cancelled while it waited', async () => {
    const lane = createLane()
    const abort = new AbortController()
    let started = false
    const first = lane.run(new AbortController().signal, () => new Promise((resolve) => setTimeout(resolve, 5)))
    const second = lane.run(abort.signal, async () => (started = true))
    abort.abort()
    assert.equal(lane.length(), 2)
    await assert.rejects(second, { code: 'cancelled' })
    assert.equal(lane.length(), 1, 'it is told before the first is over')
    await first
    await lane.run(new AbortController().signal, async () => undefined)
    assert.deepEqual([started, lane.length()], [false, 0])
  })
})
