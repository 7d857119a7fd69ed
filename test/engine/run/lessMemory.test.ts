import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { openCpu } from '../../../src/engine/compute/cpu/open.ts'
import { openReference } from '../../support/reference/backend.ts'
import { EngineError } from '../../../src/engine/errors.ts'
import { goOnWithLess } from '../../../src/engine/run/phases/goOnFromSaved.ts'
import { newProgress } from '../../../src/engine/run/state/progress.ts'
import { runFolderAt } from '../../../src/runs/folder/runFolder.ts'
import type { RunEvent } from '../../../src/runs/series/events.ts'
import { everyBatch } from '../../support/everyBatch.ts'
import { run as runRecipe } from '../../support/runs.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { maxDifference, readTensors } from '../../support/tensors.ts'
import { openOrSkip } from '../../support/webgpu.ts'

describe('a run whose device has no more memory', function () {
  this.timeout(300_000)
  const refused = () => new EngineError('out-of-memory', 'the GPU is out of memory')
  let place: Scratch
  beforeEach(() => (place = scratch()))
  const session = (backend: Backend, warn: (message: string) => void) => {
    const facts = { recipe: '', base: '', sources: [], warnings: [], trainable: null }
    const progress = newProgress({ ...facts, device: backend.info })
    return { backend, warn, folder: runFolderAt(place.folder), progress }
  }

  it('plans with three quarters of what was too much, says so, and continues', async function () {
    const gpu = await openOrSkip(this, { maxBytes: 2 ** 30 })
    try {
      const [limits, warnings]: [number[], string[]] = [[], []]
      const run = async () => {
        limits.push(gpu.memory().limitBytes)
        gpu.release(gpu.allocate('f32', [2 ** 26]))
        if (limits.length < 3) throw refused()
        // The memory that is there may still be used: only the plan is smaller.
        gpu.release(gpu.allocate('f32', [2 ** 27]))
        return 'done'
      }
      assert.equal(
        await goOnWithLess(
          session(gpu, (message) => warnings.push(message)),
          run,
        ),
        'done',
      )
      assert.deepEqual(limits, [2 ** 30, 0.75 * 2 ** 28, 0.75 * 0.75 * 2 ** 28])
      assert.match(
        warnings.join('\n'),
        /ran out of memory; the run continues from its saved state with 201 MB of its memory: fewer blocks/,
      )
    } finally {
      await gpu.close()
    }
  })

  it('ends when a smaller plan saves no memory', async function () {
    const gpu = await openOrSkip(this)
    let tries = 0
    try {
      const run = async () => {
        tries++
        throw refused()
      }
      await assert.rejects(
        goOnWithLess(
          session(gpu, () => undefined),
          run,
        ),
        {
          code: 'out-of-memory',
          message: /even with one window .* at a time.*smaller seq_len.*--device cpu/,
        },
      )
      assert.equal(tries, 1)
    } finally {
      await gpu.close()
    }
  })

  it('ends at once on other errors, and where memory is the host’s', async () => {
    const backend: Backend = openReference()
    for (const error of [refused(), new EngineError('numeric', 'no')])
      await assert.rejects(
        goOnWithLess(session(backend, assert.fail), () => Promise.reject(error)),
        error,
      )
  })

  const recipe = (name: string) => everyBatch(place, name)

  const weights = (name: string) => readTensors(place.path(name, 'model.safetensors'))

  it('continues with smaller batches to the same result, or says what would help where no smaller batch is possible', async function () {
    const gpu = await openOrSkip(this)
    try {
      const ample = await runRecipe(gpu, { recipe: recipe('ample') })
      gpu.limitMemory(Math.floor(gpu.memory().peakBytes / 2))
      const tight = await runRecipe(gpu, { recipe: recipe('tight') })
      const said = tight.warnings.filter((message) => message.includes('ran out of memory'))
      assert.ok(said.length > 1)
      for (const message of said)
        assert.match(message, /continues from its saved state with at most \d+ tokens at a time/)
      assert.equal(gpu.memory().usedBytes, 0)
      assert.equal(tight.evaluations.length, 2)
      for (const [i, { perplexity = 0 }] of ample.evaluations.entries())
        assert.ok(Math.abs((tight.evaluations[i].perplexity ?? 0) / perplexity - 1) < 1e-4)
      const [expected, got] = [await weights('ample'), await weights('tight')]
      // Sums in another order, six steps of AdamW.
      for (const name of expected.names())
        // That has no true gradient.
        if (!name.endsWith('k_proj.bias')) assert.ok(maxDifference(got.f32(name), expected.f32(name)) < 1e-4, name)

      gpu.limitMemory(60_000)
      const hopeless = runRecipe(gpu, { recipe: recipe('hopeless') })
      await assert.rejects(hopeless, { code: 'out-of-memory', message: /one window .* at a time.*smaller seq_len/ })
      assert.equal(existsSync(place.path('hopeless')), false)
    } finally {
      await gpu.close()
    }
  })

  it('continues from the saved training, to the bytes of a run that had enough', async () => {
    const cpu = await openCpu({ threads: 1 })
    try {
      await runRecipe(cpu, { recipe: recipe('whole') })
      const lessOnce: Backend = { ...cpu, planWithLess: () => ({ limitBytes: cpu.memory().limitBytes }) }
      let steps = 0
      const onEvent = (event: RunEvent) => {
        if (event.type === 'step' && event.recovery === 1 && ++steps === 2) throw refused()
      }
      const report = await runRecipe(lessOnce, { recipe: recipe('refused'), onEvent })
      assert.match(report.warnings.join('\n'), /ran out of memory; the run continues/)
      assert.equal(steps, 5)
      const bytes = (name: string) => readFileSync(place.path(name, 'model.safetensors'))
      assert.ok(bytes('refused').equals(bytes('whole')))
    } finally {
      await cpu.close()
    }
  })
})
