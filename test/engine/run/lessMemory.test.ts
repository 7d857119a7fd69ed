import assert from 'node:assert/strict'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { openReference } from '../../../src/engine/compute/reference/backend.ts'
import { EngineError } from '../../../src/engine/errors.ts'
import { goOnWithLess } from '../../../src/engine/run/phases/lessMemory.ts'
import { openOrSkip } from '../../support/webgpu.ts'

describe('a run whose device has no more memory', function () {
  this.timeout(60_000)
  const refused = () => new EngineError('out-of-memory', 'the GPU is out of memory')

  it('plans with three quarters of what was too much, says so, and goes on', async function () {
    const gpu = await openOrSkip(this, { maxBytes: 2 ** 30 })
    try {
      const [limits, warnings]: [number[], string[]] = [[], []]
      const run = async () => {
        limits.push(gpu.memory().limitBytes)
        gpu.release(gpu.allocate('f32', [2 ** 26]))
        if (limits.length < 3) throw refused()
        // What is there may still be used: only the plan is smaller.
        gpu.release(gpu.allocate('f32', [2 ** 27]))
        return 'done'
      }
      assert.equal(await goOnWithLess({ backend: gpu, warn: (message) => warnings.push(message) }, run), 'done')
      assert.deepEqual(limits, [2 ** 30, 0.75 * 2 ** 28, 0.75 * 0.75 * 2 ** 28])
      assert.match(warnings.join('\n'), /ran out of memory; the run goes on .* plans with 201 MB/)
    } finally {
      await gpu.close()
    }
  })

  it('ends when a smaller plan gains nothing', async function () {
    const gpu = await openOrSkip(this)
    let tries = 0
    try {
      const run = async () => {
        tries++
        throw refused()
      }
      await assert.rejects(goOnWithLess({ backend: gpu, warn: () => undefined }, run), { code: 'out-of-memory' })
      assert.equal(tries, 1)
    } finally {
      await gpu.close()
    }
  })

  it('ends at once on other errors, and where memory is the host’s', async () => {
    const backend: Backend = openReference()
    for (const error of [refused(), new EngineError('numeric', 'no')])
      await assert.rejects(
        goOnWithLess({ backend, warn: assert.fail }, () => Promise.reject(error)),
        error,
      )
  })
})
