// A token at a time, each family's caches give the losses that transformers gives for the whole text.
import assert from 'node:assert/strict'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { createDecoder } from '../../../src/engine/model/decoder.ts'
import { createKvCache } from '../../../src/engine/model/kvCache.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { backends } from '../../support/backends.ts'
import { goldenModels, readGolden } from '../../support/goldens.ts'
import { lacks } from '../../support/skip.ts'

/** Models in which caches can go wrong, for a software GPU; elsewhere all are tried. */
const enough = ['gemma2', 'gemma3', 'gpt2', 'mixtral_top3_window', 'olmo3', 'opt', 'phi3', 'qwen3', 'smollm3']

/** The beginning's frequencies depend on the length of the whole text, and cached keys keep those of theirs: there too. */
const changesWithLength = ['llama_rope_dynamic', 'phi3_longrope_long']

function nllOf(logits: Float32Array, target: number): number {
  const max = logits.reduce((a, b) => Math.max(a, b), -Infinity)
  return max + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - max), 0)) - logits[target]
}

for (const device of backends)
  describe(`a token at a time on ${device.name}`, () => {
    let backend: Backend
    before(async function () {
      const opened = await device.open()
      if ('reason' in opened) return lacks(this, opened.reason)
      backend = opened.backend
    })
    after(() => backend?.close())

    const models = goldenModels().filter(({ name, keys }) => keys.includes('nll') && !changesWithLength.includes(name))
    for (const { name, path } of models.filter(({ name: one }) => device.name !== 'wgpu' || enough.includes(one)))
      it(`${name}: the losses of the whole text`, async () => {
        const golden = await readGolden(`${path}/golden.safetensors`)
        const ids = golden.i32('input_ids').slice(0, golden.shape('input_ids')[1])
        const expected = golden.f32('nll')
        const checkpoint = await openCheckpoint(path)
        const decoder = await createDecoder(backend, openModel(checkpoint), { memoryBytes: 2 ** 30 })
        using cache = createKvCache(backend, decoder.model.config, ids.length)
        // Three tokens at once, as a prompt comes, then one by one.
        for (let t = 2; t + 1 < ids.length; t++) {
          const logits = await decoder.nextLogits(t === 2 ? ids.slice(0, 3) : ids.slice(t, t + 1), cache)
          const difference = Math.abs(nllOf(logits, ids[t + 1]) - expected[t])
          assert.ok(difference < 2e-4, `token ${t + 1}: ${difference}`)
        }
        await decoder.close()
        await checkpoint.close()
      })
  })
