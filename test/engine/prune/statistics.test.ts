import assert from 'node:assert/strict'
import { upload, type Backend } from '../../../src/engine/compute/backend.ts'
import type { Linear } from '../../../src/engine/model/module.ts'
import { Statistics } from '../../../src/engine/prune/statistics.ts'
import type { PruneEntry } from '../../../src/plan/pruneEntry.ts'
import { createRng } from '../../../src/engine/rng.ts'
import { backends } from '../../support/backends.ts'
import { lacks } from '../../support/skip.ts'

const channels = 13
const tokens = 70
const entry: PruneEntry = {
  method: 'wanda',
  sparsities: new Map([['fc1', 0.5]]),
  pattern: null,
  scope: 'row',
  selection: 'exact',
  settings: {},
}

const batchesOf = (count: number): Float32Array[] => {
  const rng = createRng(5, 'statistics')
  return Array.from({ length: count }, () => Float32Array.from({ length: tokens * channels }, () => rng.normal()))
}

async function meanSquares(backend: Backend, batches: readonly Float32Array[]): Promise<Float64Array> {
  const weight = upload(backend, 'f32', [1, channels], new Float32Array(channels))
  const linear: Linear = { name: 'fc1', weight, bias: null, inputKey: 'mlp' }
  const statistics = new Statistics(backend, batches.length, () => entry)
  for (const batch of batches) {
    const input = upload(backend, 'f32', [tokens, channels], batch)
    statistics.observe([linear], input)
    backend.release(input)
  }
  assert.equal(statistics.tokensOf('mlp'), tokens * batches.length)
  const mean = await statistics.meanSquares('mlp')
  statistics.close()
  backend.release(weight)
  return mean!
}

for (const { name, open } of backends)
  describe(`statistics of inputs on ${name}`, () => {
    let backend: Backend
    before(async function () {
      const opened = await open()
      if ('reason' in opened) return lacks(this, opened.reason)
      backend = opened.backend
    })
    after(() => backend?.close())

    it('are the same bits in whatever order the windows come', async () => {
      const batches = batchesOf(64)
      assert.deepEqual(await meanSquares(backend, batches.toReversed()), await meanSquares(backend, batches))
    })

    it('are the mean over windows of the sum of squares, of more windows than there are partial sums too', async () => {
      const batches = batchesOf(150)
      const mean = await meanSquares(backend, batches)
      mean.forEach((value, channel) => {
        let sum = 0
        for (const batch of batches) for (let t = 0; t < tokens; t++) sum += batch[t * channels + channel] ** 2
        assert.ok(Math.abs(value - sum / 150) < 2e-7 * value, `channel ${channel}: ${value}, expected ${sum / 150}`)
      })
    })
  })
