// The runs of a backend that no thread has begun yet.
import assert from 'node:assert/strict'
import { createRuns } from '../../../src/backend/runs.ts'

describe('runs in the backend', () => {
  it('say which folder a waiting run will continue', async () => {
    const runs = createRuns('0.1.0')
    const choice = { device: 'cpu', adapter: '', threads: 0, deviceMemory: '', precision: 'auto' } as const
    const stop = new AbortController()
    const begin = (resume: string | null) =>
      runs.run({ recipe: '/r.prune.yaml', set: [], resume, memoryBytes: null }, choice, stop.signal, () => undefined)
    const all = ['/runs/a', null].map(begin)
    assert.deepEqual(
      runs.active().map(({ folder, resume }) => [folder, resume]),
      [
        [null, '/runs/a'],
        [null, null],
      ],
    )
    stop.abort()
    for (const run of all) await assert.rejects(run, { code: 'cancelled' })
    assert.deepEqual(runs.active(), [])
  })
})
