// A block that diverges is trained again at half the rate: one rate seldom suits all blocks of a model.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunEvent } from '../../../src/runs/series/events.ts'
import { run, runPlace } from '../../support/runs.ts'
import { goldenPath } from '../../support/shared.ts'

const steps = 40

describe('a reconstruction that diverges', () => {
  const here = runPlace()

  function recipe(name: string, settings: object): string {
    const [model, data] = [goldenPath('llama'), goldenPath('llama', 'prune', 'calib.safetensors')]
    const prune = [{ method: 'magnitude', sparsity: 0.5 }]
    const recover = { mode: 'reconstruct', train: ['full'], steps, ...settings }
    const calibration = { data, samples: 16, seq_len: 16 }
    return here.place.recipe(name, { version: 1, model, prune, calibration, recover, save: { to: name } })
  }

  it('trains the block again from its start at half the rate, and says so', async () => {
    const report = await run(here.backend, { recipe: recipe('once', { lr: 0.1 }) })
    assert.equal(report.sparsity, 0.5)
    const said = report.warnings.filter((warning) => warning.includes('diverged'))
    assert.deepEqual(said, ['block 1 diverged at lr 0.1; it is trained again from its start at lr 0.05'])
    const lines = readFileSync(join(report.run, 'events.jsonl'), 'utf8').trim().split('\n')
    const events = lines.map((line) => JSON.parse(line) as RunEvent)
    const rates = events.flatMap((e) => (e.type === 'step' && e.block === 1 ? [e.lr] : []))
    assert.ok(rates.length > steps, 'the steps before it diverged are told too')
    assert.equal(Math.max(...rates.slice(0, -steps)), 0.1)
    assert.equal(Math.max(...rates.slice(-steps)), 0.05)
    const errors = events.flatMap((e) => (e.type === 'block' && e.block === 1 ? [e.error_before, e.error_after] : []))
    assert.ok(errors.length === 2 && errors.every((error) => Number.isFinite(error)), String(errors))
  })

  it('stops where an eighth of the rate diverges too', async () => {
    const running = run(here.backend, { recipe: recipe('never', { lr: 0.1, weight_decay: 1000 }) })
    await assert.rejects(running, { code: 'numeric', message: /block 0, step \d+: .*lower recover\.lr/ })
  })
})
