import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { expected } from '../../../bench/gpu/counting/roofline.ts'
import { withCounted } from '../../../bench/gpu/counting/tables.ts'

const page = readFileSync(new URL('../../../docs/performance.md', import.meta.url), 'utf8')

describe('the counts of a GPU', () => {
  it('are the tables of the page (npm run generate)', () => {
    assert.equal(page, withCounted(page))
  })

  it('give a dispatch the time of its arithmetic, bytes, steps or launch, whichever is most', () => {
    const card = { name: 'a card', f32: 1e12, f16: 0, tensor: null, bandwidth: 1e11, units: 10, source: '' }
    const of = (flops: number, bytes: number, workgroups = 10, share = 1, lanes = 256, steps = 0, use = 1) => {
      const sizes = { workgroups, lanes, steps, use, count: 3 }
      const kernels = [{ kernel: 'gemmPortable', flops: 3 * flops, bytes: 3 * bytes, ...sizes }]
      const { seconds, by } = expected({ kernels }, card, share)
      return [Number((seconds / 3).toPrecision(6)), Object.entries(by).find(([, value]) => value > 0)?.[0]]
    }
    assert.deepEqual(of(1e10, 1e8), [0.01, 'products'])
    assert.deepEqual(of(1e10, 1e8, 5), [0.02, 'products'])
    assert.deepEqual(of(1e10, 1e8, 10, 0.5), [0.02, 'products'])
    // Workgroups of 64 lanes, one on each multiprocessor, leave three quarters of it idle.
    assert.deepEqual(of(1e10, 1e8, 10, 1, 64), [0.04, 'products'])
    assert.deepEqual(of(1e10, 1e8, 40, 1, 64), [0.01, 'products'])
    // A quarter of its lanes make what is asked for.
    assert.deepEqual(of(1e10, 1e8, 10, 1, 256, 0, 0.25), [0.04, 'products'])
    assert.deepEqual(of(1e6, 1e10), [0.1, 'memory'])
    // Half a microsecond a step, and all over again for those who find no place.
    assert.deepEqual(of(1e6, 1e3, 20, 1, 256, 48), [24e-6, 'steps'])
    assert.deepEqual(of(1e6, 1e3, 21, 1, 256, 48), [48e-6, 'steps'])
    assert.deepEqual(of(1e6, 1e3), [5e-6, 'dispatches'])
  })
})
