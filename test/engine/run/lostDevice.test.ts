import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { everyBatch } from '../../support/everyBatch.ts'
import { run } from '../../support/runs.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { openOrSkip } from '../../support/webgpu.ts'
import { openWrapped, type WrappedGpu } from '../../support/wrappedGpu.ts'

describe('a run whose device is lost', function () {
  this.timeout(600_000)
  let place: Scratch
  let gpu: WrappedGpu
  beforeEach(async function () {
    gpu = await openOrSkip(this, {}, openWrapped)
    place = scratch()
  })
  afterEach(async () => {
    await gpu?.close()
  })

  const recipe = (name: string) => everyBatch(place, name)
  const bytes = (name: string) => readFileSync(place.path(name, 'model.safetensors'))

  /** The backend, whose device is lost at the waits that `at` chooses; counts both. */
  function losing(at: (waits: number) => boolean): { backend: Backend; seen: { waits: number; losses: number } } {
    const seen = { waits: 0, losses: 0 }
    const wait = () => {
      if (!at(++seen.waits)) return
      seen.losses++
      gpu.loseDevice()
    }
    const backend: Backend = {
      ...gpu,
      // So that the next block is on its way when the device goes.
      traits: { ...gpu.traits, ownMemory: true },
      read(tensor) {
        wait()
        return gpu.read(tensor)
      },
      sync() {
        wait()
        return gpu.sync()
      },
    }
    return { backend, seen }
  }

  it('continues on a new device from the last saved block, to the bytes of a run that kept its device', async () => {
    const whole = losing(() => false)
    const expected = await run(whole.backend, { recipe: recipe('whole') })
    // Each lasts 50 waits longer than the one before, so that one of them sees every block to its end.
    let [next, lasts] = [50, 50]
    const often = losing((waits) => {
      if (waits < next) return false
      next += lasts += 50
      return true
    })
    const report = await run(often.backend, { recipe: recipe('lost') })
    assert.ok(
      whole.seen.waits > 100 && often.seen.losses >= 2,
      `${often.seen.losses} losses in ${often.seen.waits} waits, ${whole.seen.waits} without`,
    )
    assert.match(report.warnings.join('\n'), /was lost and came back; the run continues from its saved state/)
    assert.ok(bytes('lost').equals(bytes('whole')))
    assert.deepEqual(
      report.evaluations.map((e) => e.perplexity),
      expected.evaluations.map((e) => e.perplexity),
    )
    assert.equal(gpu.memory().usedBytes, 0)
  })

  it('ends with what to do when one device after the other is lost at the same work, and can be resumed', async () => {
    const { backend, seen } = losing((waits) => waits >= 30)
    const path = recipe('hopeless')
    await assert.rejects(run(backend, { recipe: path }), { code: 'device-lost', message: /resume the run/ })
    assert.ok(seen.losses <= 5, `${seen.losses} losses`)
    assert.equal(existsSync(place.path('hopeless')), false)
  })
})
