// `precision` in a run: what is reported, how near bf16 comes to f32, and a resume with the same bytes.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { openCpu } from '../../../src/engine/compute/cpu/open.ts'
import { onBf16Processor } from '../../support/bf16Products.ts'
import { cli, cliJson } from '../../support/cli.ts'
import { withEnvironment } from '../../support/environment.ts'
import { named } from '../../support/extent.ts'
import { run } from '../../support/runs.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'

const model = goldenPath('llama_bf16_sharded')
const data = goldenPath('llama', 'prune', 'calib.safetensors')

describe('precision of a run', () => {
  onBf16Processor()
  let backend: Backend
  let place: Scratch
  before(async () => {
    backend = await openCpu({ threads: 2 })
    place = scratch()
  })
  after(async () => {
    await backend.close()
  })
  const recipe = (name: string, more: object = {}) =>
    place.recipe(name, {
      version: 1,
      model,
      prune: [{ method: 'wanda', sparsity: 0.5 }],
      calibration: { data },
      recover: { steps: 8, train: ['norm', 'mask_lora'], lr: 2e-3 },
      evaluate: [{ data, seq_len: 16, at: ['dense', 'recovered'] }],
      save: { to: name },
      ...more,
    })

  const trains = ['mask_lora', 'lora_prune', 'scale_lora', 'full'].map((name) => ({ name }))
  for (const { name: train } of named(trains, ['mask_lora']))
    for (const mode of ['reconstruct', 'retrain'])
      it(`${mode} of ${train} in bf16 comes out near f32`, async () => {
        const recover = { mode, steps: 8, train: [train], lr: 1e-3, ...(mode === 'retrain' && { data }) }
        const [f32, bf16] = [
          await run(backend, { recipe: recipe(`${mode}-${train}-f32`, { recover, precision: 'f32' }) }),
          await run(backend, { recipe: recipe(`${mode}-${train}`, { recover }) }),
        ]
        assert.equal(f32.device.details.precision, 'f32')
        assert.equal(bf16.device.details.precision, 'bf16')
        assert.match(bf16.protocol.join(), /Products in bf16/)
        for (const stage of ['dense', 'recovered'] as const) {
          const [expected, actual] = [f32, bf16].map(({ perplexity }) => perplexity[stage] ?? NaN)
          assert.ok(Math.abs(actual / expected - 1) < 0.01, `${stage}: ${actual}, in f32 ${expected}`)
          assert.notEqual(actual, expected)
        }
      })

  it('continues after it was cancelled, with the same bytes', async () => {
    await run(backend, { recipe: recipe('whole') })
    const controller = new AbortController()
    let folder = ''
    const stopped = run(backend, {
      recipe: recipe('cut'),
      signal: controller.signal,
      onFolder: (path) => (folder = path),
      onEvent: (event) => event.type === 'block' && controller.abort(),
    })
    await assert.rejects(stopped, /cancelled/)
    await run(backend, { resume: folder })
    const saved = (name: string) => readFileSync(place.path(name, 'model.safetensors'))
    assert.ok(saved('cut').equals(saved('whole')))
  })

  it('is what the command line says before what the recipe says', async () => {
    const path = recipe('said', { recover: undefined, save: undefined, precision: 'auto' })
    const report = await cliJson('run', path, '--precision', 'f32', '--device', 'cpu')
    assert.equal((report.device as { details: { precision: string } }).details.precision, 'f32')
    assert.equal((report.recipe as { precision: string }).precision, 'f32')
  })

  it('is stated by every command that computes; forward is f32 by itself', async () => {
    const evaluate = ['evaluate', model, '--data', data, '--device', 'cpu']
    assert.equal((await cliJson(...evaluate)).precision, 'bf16')
    assert.equal((await cliJson(...evaluate, '--precision', 'f32')).precision, 'f32')
    const forward = ['forward', model, '--ids', data, '--out', place.path('o.safetensors'), '--device', 'cpu']
    assert.equal((await cliJson(...forward)).precision, 'f32')
    assert.equal((await cliJson(...forward, '--precision', 'bf16')).precision, 'bf16')
  })

  it('bf16 is refused with the remedy where the device lacks it', async () => {
    await withEnvironment({ SPARSESCOPE_ONEDNN: 'none' }, async () => {
      const { status, stderr } = await cli('evaluate', model, '--data', data, '--device', 'cpu', '--precision', 'bf16')
      assert.equal(status, 2)
      assert.match(stderr, /does not support fast bf16 products.*precision f32 or auto.*doctor/)
    })
  })
})
