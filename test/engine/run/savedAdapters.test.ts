// save.adapters: what was trained, as PEFT stores it, merges under the mask into the same weights.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { readF32Tensor } from '../../../src/engine/checkpoint/readF32.ts'
import { lint } from '../../../src/lint/lint.ts'
import { run, runPlace } from '../../support/runs.ts'
import { goldenPath } from '../../support/shared.ts'

async function tensorsOf(path: string): Promise<Map<string, Float32Array>> {
  const file = await openCheckpoint(path)
  const tensors = new Map<string, Float32Array>()
  for (const name of file.tensors.keys())
    tensors.set(name, (await readF32Tensor(file, name))?.values ?? new Float32Array())
  await file.close()
  return tensors
}

describe('save.adapters', () => {
  const here = runPlace()
  const data = goldenPath('opt', 'prune', 'calib.safetensors')

  const trained = { train: ['bias', 'norm', 'mask_lora'], steps: 6, lr: 5e-3, lora: { rank: 2, alpha: 4 } }
  const reconstruct = { mode: 'reconstruct', ...trained }
  const retrain = { mode: 'retrain', ...trained, data }
  const recoveries = { reconstruct, retrain, submodules: { ...reconstruct, window: 'submodule' } }

  for (const [name, recover] of Object.entries(recoveries))
    it(`${name}: biases, norms and MaskLoRA come out, and merged into the pruned model give the same weights`, async () => {
      const { backend, place } = here
      const more = { calibration: { data }, recover, save: { to: 'out', pruned: 'pruned', adapters: true } }
      const prune = [{ method: 'magnitude', sparsity: 0.5 }]
      await run(backend, { recipe: place.recipe('train', { version: 1, model: goldenPath('opt'), prune, ...more }) })
      const adapter = place.path('out', 'adapters', recover.mode)
      assert.match(readFileSync(`${adapter}/README.md`, 'utf8'), /PEFT knows no mask/)
      const merge = { version: 1, model: 'pruned', recover: { mode: 'merge', adapter }, save: { to: 'merged' } }
      await run(backend, { recipe: place.recipe('merge', merge) })
      const [out, merged, pruned] = await Promise.all(
        ['out', 'merged', 'pruned'].map((to) => tensorsOf(place.path(to))),
      )
      let changed = 0
      for (const [tensor, values] of out) {
        const again = merged.get(tensor)
        const before = pruned.get(tensor)
        assert.ok(again && before, tensor)
        // The same sums in f32, of numbers of the size of one, in another order.
        for (const [i, value] of values.entries()) assert.ok(Math.abs(value - again[i]) < 1e-6, `${tensor} ${i}`)
        changed += Number(values.some((value, i) => value !== before[i]))
      }
      assert.ok(changed > 20)
    })

  it('several recoveries have a folder each, also after a resume; what is no LoRA is said', async () => {
    const { backend, place } = here
    const scale = { mode: 'reconstruct', train: ['norm', 'scale_lora'], steps: 2 }
    const recover = [scale, { mode: 'retrain', train: ['lora_prune', 'head'], steps: 2, data, lora: { rank: 2 } }]
    const prune = [{ method: 'magnitude', sparsity: 0.5 }]
    const recipe = {
      version: 1,
      model: goldenPath('llama'),
      prune,
      calibration: { data },
      recover,
      save: { to: 'out', adapters: true },
    }
    const controller = new AbortController()
    let folder = ''
    const stopped = run(backend, {
      recipe: place.recipe('several', recipe),
      signal: controller.signal,
      onFolder: (path) => (folder = path),
      onEvent: (event) => event.type === 'step' && event.recovery === 1 && controller.abort(),
    })
    await assert.rejects(stopped, { code: 'cancelled' })
    await run(backend, { resume: folder })
    const first = place.path('out', 'adapters', '0-reconstruct')
    assert.match(readFileSync(`${first}/README.md`, 'utf8'), /`scale_lora`: it is no low-rank update/)
    assert.ok(
      [...(await tensorsOf(`${first}/adapter_model.safetensors`)).keys()].every((name) => !name.includes('lora')),
    )
    const second = await tensorsOf(place.path('out', 'adapters', '1-retrain', 'adapter_model.safetensors'))
    assert.ok(second.has('base_model.model.lm_head.lora_A.weight'))
    assert.ok(second.has('base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight'))
    const config = JSON.parse(readFileSync(place.path('out', 'adapters', '1-retrain', 'adapter_config.json'), 'utf8'))
    assert.deepEqual([config.r, config.lora_alpha, config.bias, config.modules_to_save], [2, 32, 'none', null])
    assert.ok(!existsSync(place.path('out', 'adapter_config.json')), 'transformers would load it')
  })

  it('has no effect where nothing is trained, and lint says so', () => {
    const text = 'version: 1\nmodel: m\nprune: [{sparsity: 0.3}]\nseed: 0\nsave: {to: out, adapters: true}'
    assert.deepEqual(
      lint(text).findings.map(({ rule }) => rule),
      ['S6'],
    )
  })
})
