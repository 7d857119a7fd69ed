import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { smallOpt } from '../../../support/memoryCheckpoint.ts'
import { run, runPlace } from '../../../support/runs.ts'
import { writeTinyModel } from '../../../support/tinyModel.ts'

describe('a parameter that no buffer of the device holds', () => {
  const here = runPlace({ threads: 1, tiny: true })

  for (const subset of ['embedding', 'full'])
    it(`is not trained by ${subset}, and the run says so before it begins`, async () => {
      const { backend, place } = here
      const info = { ...backend.info, description: 'a small card' }
      const small = { ...backend, info, traits: { ...backend.traits, mostTensorBytes: 639 } }
      const data = place.path('ids.safetensors')
      const recipe = place.recipe('trained', {
        ...{ version: 1, model: place.path('model'), prune: [{ method: 'magnitude', sparsity: 0.5 }] },
        ...{ recover: { mode: 'retrain', train: [subset], steps: 2, data }, save: { to: place.path('out') } },
      })
      const before = readdirSync(place.folder)
      await rejects(run(small, { recipe }), {
        code: 'unsupported',
        message: `recover.train: ${subset} trains model.decoder.embed_tokens.weight in a buffer of 640 B, and the limit of a small card is 639 B: leave ${subset} out, or use --device cpu`,
      })
      deepEqual(readdirSync(place.folder), before)
      await run({ ...small, traits: { ...small.traits, mostTensorBytes: 1e6 } }, { recipe })
    })

  it('is pruned beside, embeds, and gets a low-rank update where it is the head: the result has the bytes of one tensor', async () => {
    const { backend, place } = here
    await writeTinyModel(place.path('large'), { ...smallOpt, vocab_size: 160_000 })
    const data = place.path('ids.safetensors')
    const results: Buffer[] = []
    // Rows of 32 bytes: all of them, or one chunk of the head.
    for (const mostTensorBytes of [160_000 * 32, 65_536 * 32]) {
      const to = place.path(`out-${mostTensorBytes}`)
      const recipe = place.recipe(`head-${mostTensorBytes}`, {
        ...{
          version: 1,
          model: place.path('large'),
          prune: [{ method: 'wanda', sparsity: 0.5 }],
          calibration: { data },
        },
        recover: { mode: 'retrain', train: ['norm', 'head'], lora: { rank: 2 }, lr: 1e-2, steps: 2, data },
        save: { to },
      })
      await run({ ...backend, traits: { ...backend.traits, mostTensorBytes } }, { recipe })
      results.push(readFileSync(join(to, 'model.safetensors')))
    }
    ok(results[0].includes('lm_head.weight'))
    equal(Buffer.compare(results[0], results[1]), 0)
  })
})
