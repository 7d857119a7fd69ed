// What weight decay reaches.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { openCpu } from '../../../src/engine/compute/cpu/open.ts'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { run } from '../../support/runs.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { writeTinyIds, writeTinyModel } from '../../support/tinyModel.ts'

describe('weight decay', () => {
  let backend: Backend
  let place: Scratch
  before(async () => {
    backend = await openCpu({ threads: 2 })
    place = scratch()
    await writeTinyModel(place.path('model'))
    writeTinyIds(place.path('ids.safetensors'))
  })
  after(async () => {
    await backend.close()
  })

  /** The saved weights with and without decay. */
  async function resultsOf(name: string, recover: object): Promise<[Buffer, Buffer]> {
    const saved = async (weight_decay: number) => {
      const to = `${name}-${weight_decay}`
      const data = { data: place.path('ids.safetensors') }
      const recipe = {
        version: 1,
        model: place.path('model'),
        prune: [{ method: 'magnitude', sparsity: 0.5 }],
        calibration: data,
        recover: { steps: 3, lr: 1e-2, weight_decay, ...recover },
        save: { to },
      }
      await run(backend, { recipe: place.recipe(to, recipe) })
      return readFileSync(place.path(to, 'model.safetensors'))
    }
    return [await saved(0), await saved(0.5)]
  }
  const retrain = () => ({ mode: 'retrain', data: place.path('ids.safetensors'), samples: 4, seq_len: 16 })

  it('leaves biases and norms alone in retraining, as the Trainer of transformers does', async () => {
    const [without, decayed] = await resultsOf('own', { ...retrain(), train: ['bias', 'norm'] })
    assert.ok(decayed.equals(without))
  })

  it('reaches all else there, and everything in reconstruction, as in torch', async () => {
    for (const [name, recover] of [
      ['embedding', { ...retrain(), train: ['norm', 'embedding'] }],
      ['adapters', { ...retrain(), train: ['norm', 'mask_lora'] }],
      ['blocks', { mode: 'reconstruct', train: ['bias', 'norm'] }],
    ] as const) {
      const [without, decayed] = await resultsOf(name, recover)
      assert.ok(!decayed.equals(without), name)
    }
  })
})
