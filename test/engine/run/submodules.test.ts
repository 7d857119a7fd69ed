// recover.window: submodule — attention and MLP are trained one after the other. What each starts from is computed
// here another way: by whole forward passes of checkpoints put together from dense, pruned and recovered tensors.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunEvent } from '../../../src/runs/series/events.ts'
import { blockOutputs, mixCheckpoints } from '../../support/hidden.ts'
import { run, runPlace } from '../../support/runs.ts'
import { goldenPath } from '../../support/shared.ts'

const [windows, steps] = [16, 20]
const prune = { method: 'magnitude', sparsity: 0.5 }

describe('reconstruction by submodule', function () {
  this.timeout(300_000)
  const here = runPlace()

  const inAttention = (name: string) => /\.layers\.0\.(self_attn|input_layernorm)/.test(name)
  const mlpOutput = (name: string) => /\.layers\.0\.(fc2|mlp\.down_proj)\./.test(name)
  const isBlock0 = (name: string) => /\.layers\.0\./.test(name)

  /** Both runs, and the errors of block 0: over all windows, and on the first, which is the first step's batch. */
  async function recover(arch: string, inputs: 'pruned' | 'dense', train: string[]) {
    const [dense, ids] = [goldenPath(arch), goldenPath(arch, 'prune', 'calib.safetensors')]
    const base = { version: 1, model: dense, prune: [prune] }
    await run(here.backend, { recipe: here.place.recipe('pruned', { ...base, save: { to: 'pruned' } }) })
    const recipe = here.place.recipe('recovered', {
      ...base,
      calibration: { data: ids, samples: windows, seq_len: 16 },
      recover: { mode: 'reconstruct', window: 'submodule', inputs, train, steps, lr: 1e-3 },
      save: { to: 'recovered' },
    })
    const report = await run(here.backend, { recipe })
    const lines = readFileSync(join(report.run, 'events.jsonl'), 'utf8').trim().split('\n')
    const events = lines.map((line) => JSON.parse(line) as RunEvent)
    const sources = { dense, pruned: here.place.path('pruned'), recovered: here.place.path('recovered') }
    type Source = keyof typeof sources
    const outputs = async (name: string, pick: (tensor: string) => Source | null) => {
      const folder = await mixCheckpoints(here.place.path(name), sources, pick)
      return blockOutputs(here.backend, folder, { ids, block: 0, scratch: here.place.path('hidden.safetensors') })
    }
    // Without the MLP's output a preNorm block gives the state between attention and MLP.
    const middles = (of: Source) => outputs(`middles-${of}`, (t) => (mlpOutput(t) ? null : isBlock0(t) ? of : 'dense'))
    const whole = (attention: Source, mlp: Source) =>
      outputs(`${attention}-${mlp}`, (t) => (inAttention(t) ? attention : isBlock0(t) ? mlp : 'dense'))
    return { events, middles, whole }
  }

  for (const [arch, inputs, train] of [
    ['opt', 'pruned', ['bias', 'norm', 'mask_lora']],
    ['opt', 'dense', ['bias', 'norm']],
    ['llama', 'pruned', ['norm', 'scale_lora']],
    ['llama', 'dense', ['full']],
  ] as const)
    it(`${arch}, ${inputs} inputs, ${train.join(' + ')}`, async function () {
      const done = await recover(arch, inputs, [...train])
      const { events, middles, whole } = done
      const losses = events.flatMap((e) => (e.type === 'step' && e.block === 0 ? [e.loss ?? NaN] : []))
      assert.equal(losses.length, 2 * steps)
      const [denseMiddles, prunedMiddles] = [await middles('dense'), await middles('pruned')]
      near(losses[0], errorOf(denseMiddles, prunedMiddles, 1), 'first step of attention')
      const before = errorOf(denseMiddles, prunedMiddles, windows)
      assert.ok(errorOf(denseMiddles, await middles('recovered'), windows) < before)

      const denseOutputs = await whole('dense', 'dense')
      const mlpStart = await whole(inputs === 'pruned' ? 'recovered' : 'dense', 'pruned')
      near(losses[steps], errorOf(denseOutputs, mlpStart, 1), 'first step of the MLP')

      const block = events.find((e) => e.type === 'block')
      assert.ok(block?.type === 'block')
      near(block.error_before, errorOf(denseOutputs, await whole('pruned', 'pruned'), windows), 'before')
      near(block.error_after, errorOf(denseOutputs, await whole('recovered', 'recovered'), windows), 'after')
      assert.ok((block.error_after ?? NaN) < (block.error_before ?? NaN))
    })

  it('trains in two parts a block that normalises after its branches too', async function () {
    const model = goldenPath('opt350')
    const data = goldenPath('opt', 'prune', 'calib.safetensors')
    const recover = { mode: 'reconstruct', window: 'submodule', train: ['bias', 'norm'], steps, lr: 1e-3 }
    const calibration = { data, samples: 8, seq_len: 16 }
    const recipe = here.place.recipe('post', { version: 1, model, prune: [prune], calibration, recover })
    const { run: folder } = await run(here.backend, { recipe })
    for (const line of readFileSync(join(folder, 'events.jsonl'), 'utf8').trim().split('\n')) {
      const event = JSON.parse(line) as RunEvent
      if (event.type === 'block') assert.ok((event.error_after ?? NaN) < (event.error_before ?? NaN), line)
    }
  })

  it('says that models with both side by side have only whole blocks, and trains these', async function () {
    const [model, data] = [goldenPath('gpt_neox'), goldenPath('opt', 'prune', 'calib.safetensors')]
    const recover = { mode: 'reconstruct', window: 'submodule', train: ['norm'], steps, lr: 1e-3 }
    const calibration = { data, samples: 4, seq_len: 16 }
    const recipe = here.place.recipe('neox', { version: 1, model, prune: [prune], calibration, recover })
    const report = await run(here.backend, { recipe })
    assert.ok(report.warnings.some((w) => w.startsWith('window has no effect in a model that computes')))
    const steppedTo = readFileSync(join(report.run, 'events.jsonl'), 'utf8').match(/"step":\d+/g) ?? []
    assert.equal(Math.max(...steppedTo.map((s) => Number(s.slice(7)))), steps)
  })
})

/** Mean squared difference over the first so many of the windows. */
function errorOf(a: Float32Array, b: Float32Array, first: number): number {
  const length = (a.length / windows) * first
  let sum = 0
  for (let i = 0; i < length; i++) sum += (a[i] - b[i]) ** 2
  return sum / length
}

function near(actual: number | null | undefined, expected: number, what: string): void {
  assert.ok(Math.abs((actual ?? NaN) / expected - 1) < 1e-3, `${what}: ${actual} against ${expected}`)
}
