// Retraining on the dense model's logits where the recipe does not prune: where the dense model comes from, and what is refused.
import { smallOpt } from '../../support/memoryCheckpoint.ts'
import assert from 'node:assert/strict'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { openCpu } from '../../../src/engine/compute/cpu/open.ts'
import { run } from '../../support/runs.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'
import { writeTinyModel } from '../../support/tinyModel.ts'

const golden = goldenPath('opt', 'retrain', 'biasln.safetensors')
const retraining = {
  ...{ mode: 'retrain', train: ['bias', 'norm'], steps: 4, lr: 5e-4, loss: { dense: 0.5, temperature: 2 } },
  ...{ data: golden, field: 'batches', samples: 4, seq_len: 16 },
}
const magnitude = [{ method: 'magnitude', sparsity: 0.5 }]

describe('the dense model of a loss', () => {
  let backend: Backend
  let place: Scratch
  before(async () => (backend = await openCpu({ threads: 2 })))
  after(() => backend.close())
  beforeEach(() => {
    place = scratch()
    cpSync(goldenPath('opt'), place.path('dense'), {
      recursive: true,
      filter: (path) => !/\/(prune|recon|retrain)/.test(path),
    })
  })

  const weights = (folder: string) => readFileSync(place.path(folder, 'model.safetensors'))
  const whole = (settings: object = {}) =>
    run(backend, {
      recipe: place.recipe('whole', {
        version: 1,
        model: 'dense',
        prune: magnitude,
        recover: { ...retraining, ...settings },
        save: { to: 'whole' },
      }),
    })
  const prune = () =>
    run(backend, {
      recipe: place.recipe('prune', { version: 1, model: 'dense', prune: magnitude, save: { to: 'pruned' } }),
    })
  const later = (to: string, settings: object = {}, model = 'pruned') =>
    run(backend, {
      recipe: place.recipe(to, { version: 1, model, recover: { ...retraining, ...settings }, save: { to } }),
    })

  it('is the source that sparsescope.json names: the same bytes as pruning and retraining in one run', async () => {
    await whole()
    await prune()
    await later('later')
    assert.deepEqual(weights('later'), weights('whole'))
    await later('named', { dense: 'dense' })
    assert.deepEqual(weights('named'), weights('whole'))
  })

  it('makes a difference: on text alone other weights come out', async () => {
    await whole()
    const mixed = weights('whole')
    await run(backend, {
      recipe: place.recipe('text', {
        version: 1,
        model: 'dense',
        prune: magnitude,
        recover: { ...retraining, loss: 'text' },
        save: { to: 'text' },
      }),
    })
    assert.notDeepEqual(weights('text'), mixed)
  })

  it('streams in little memory: the same losses to rounding', async () => {
    const report = await whole()
    const small = await run(backend, {
      recipe: place.recipe('small', {
        version: 1,
        model: 'dense',
        prune: magnitude,
        recover: retraining,
        save: { to: 'small' },
      }),
      memoryBytes: 1,
    })
    assert.equal(small.status, report.status)
    assert.deepEqual(weights('small'), weights('whole'))
  })

  it('is required where the note does not name it, and is refused where its tokens differ', async () => {
    await prune()
    const note = JSON.parse(readFileSync(place.path('pruned', 'sparsescope.json'), 'utf8'))
    writeFileSync(place.path('pruned', 'sparsescope.json'), JSON.stringify({ ...note, recipe: {} }))
    await assert.rejects(later('none'), /compares with the dense model, which is unknown: name it under dense/)
    await assert.rejects(
      later('gone', { dense: 'nowhere' }),
      /recover\.loss compares with the dense model, which cannot be opened: .*nowhere.*; name it under recover\.dense/,
    )
    cpSync(place.path('dense'), place.path('other'), { recursive: true })
    for (const [folder, vocabulary] of [
      ['pruned', 'a'],
      ['other', 'b'],
    ])
      writeFileSync(place.path(folder, 'tokenizer.json'), JSON.stringify({ model: { vocab: { [vocabulary]: 0 } } }))
    const refused = (why: RegExp) => ({
      message: new RegExp(`recover\\.dense: .*other is not this model before it was pruned: ${why.source}`),
    })
    await assert.rejects(later('tokens', { dense: 'other' }), refused(/its tokenizer gives other tokens/))
    await writeTinyModel(place.path('larger'), { ...smallOpt, vocab_size: 200 })
    await assert.rejects(later('size', { dense: 'larger' }), /its vocabulary has 200 entries, that of the model 160/)
  })
})
