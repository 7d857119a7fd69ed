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

  function recipe(name: string, settings: object, recover?: []): string {
    const [model, data] = [goldenPath('llama'), goldenPath('llama', 'prune', 'calib.safetensors')]
    const prune = [{ method: 'magnitude', sparsity: 0.5 }]
    const trained = { mode: 'reconstruct', train: ['full'], steps, ...settings }
    const calibration = { data, samples: 16, seq_len: 16 }
    return here.place.recipe(name, {
      version: 1,
      model,
      prune,
      calibration,
      recover: recover ?? trained,
      save: { to: name },
    })
  }

  it('trains the block again from its start at half the rate, until its error falls, and says so', async () => {
    const report = await run(here.backend, { recipe: recipe('once', { lr: 0.1 }) })
    assert.equal(report.sparsity, 0.5)
    const said = report.warnings.filter((warning) => /^block 1 .* trained again/.test(warning))
    assert.equal(said[0], 'block 1 diverged at lr 0.1; it is trained again from its start at lr 0.05')
    assert.match(said[1], /^block 1 ended with a larger error, .* at lr 0\.05; it is trained again .* at lr 0\.025$/)
    const lines = readFileSync(join(report.run, 'events.jsonl'), 'utf8').trim().split('\n')
    const events = lines.map((line) => JSON.parse(line) as RunEvent)
    const rates = events.flatMap((e) => (e.type === 'step' && e.block === 1 ? [e.lr] : []))
    assert.ok(rates.length > steps, 'the steps before it diverged are told too')
    assert.equal(Math.max(...rates.slice(0, -steps)), 0.1)
    assert.equal(Math.max(...rates.slice(-steps)), 0.1 / 2 ** said.length)
    const errors = events.flatMap((e) => (e.type === 'block' && e.block === 1 ? [e.error_before, e.error_after] : []))
    const [before, after] = errors.map(Number)
    assert.ok(errors.length === 2 && after < before, String(errors))
  })

  it('leaves a block as it was pruned where every rate ends with a larger error', async () => {
    const decayed = await run(here.backend, { recipe: recipe('decayed', { lr: 0.02, weight_decay: 20 }) })
    const rates = [0.02, 0.01, 0.005].map((lr) => `at lr ${lr}; it is trained again from its start at lr ${lr / 2}`)
    const kept = 'at lr 0.0025 too, so it stays as it was pruned; lower recover.lr or train longer'
    for (const block of ['block 0', 'block 1']) {
      const said = decayed.warnings.filter((warning) => warning.startsWith(`${block} ended with a larger error`))
      assert.equal(said.length, 4, said.join('\n'))
      assert.ok(
        [...rates, kept].every((end, i) => said[i].endsWith(end)),
        said.join('\n'),
      )
    }
    assert.ok(decayed.blocks.every(({ error_before, error_after }) => error_before === error_after))
    const pruned = await run(here.backend, { recipe: recipe('pruned', {}, []) })
    const weightsOf = ({ output }: typeof pruned) => readFileSync(join(output ?? '', 'model.safetensors'))
    assert.deepEqual(weightsOf(decayed), weightsOf(pruned))
  })

  it('stops where an eighth of the rate diverges too', async () => {
    const running = run(here.backend, { recipe: recipe('never', { lr: 0.1, weight_decay: 1000 }) })
    await assert.rejects(running, { code: 'numeric', message: /block 0, step \d+: .*lower recover\.lr/ })
  })
})
