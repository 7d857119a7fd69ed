// The update of an output head whose rows are more than one piece of training and of merging.
import assert from 'node:assert/strict'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { openCpu } from '../../../src/engine/compute/cpu/open.ts'
import { openReference } from '../../support/reference/backend.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { decode, readWeight } from '../../../src/engine/model/weights.ts'
import { smallLlama } from '../../support/memoryCheckpoint.ts'
import { run } from '../../support/runs.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { writeTinyIds, writeTinyModel } from '../../support/tinyModel.ts'

const vocabSize = 10_000

async function headOf(folder: string): Promise<Float32Array> {
  const checkpoint = await openCheckpoint(folder)
  try {
    const model = openModel(checkpoint)
    const parameter = model.parameters.get('lm_head.weight')
    assert.ok(parameter)
    assert.deepEqual(parameter.shape, [vocabSize, 8])
    return decode(await readWeight(model, parameter))
  } finally {
    await checkpoint.close()
  }
}

describe('the update of a large head', () => {
  let place: Scratch
  beforeEach(() => (place = scratch()))

  const cases: readonly (readonly [string, () => Promise<Backend>, 'F32' | 'BF16', 'f32' | 'bf16'])[] = [
    ['f32', () => openCpu({ threads: 2 }), 'F32', 'f32'],
    ['f32, stored in bf16', () => openCpu({ threads: 2 }), 'BF16', 'f32'],
    ['bf16', async () => openReference(), 'BF16', 'bf16'],
  ]
  for (const [title, open, dtype, precision] of cases)
    it(`is saved as it was trained, all rows of it: ${title}`, async () => {
      const backend = await open()
      await writeTinyModel(place.path('model'), { ...smallLlama, vocab_size: vocabSize }, dtype)
      writeTinyIds(place.path('ids.safetensors'))
      const data = place.path('ids.safetensors')
      const recover = { mode: 'retrain', train: ['norm', 'head'], steps: 3, lr: 1e-3, data, samples: 4, seq_len: 16 }
      const recipe = { version: 1, model: place.path('model'), precision, recover, save: { to: 'out' } }
      const report = await run(backend, {
        recipe: place.recipe('a', { ...recipe, prune: [{ method: 'magnitude', sparsity: 0.5 }] }),
      })
      assert.equal(report.device.details.precision, precision)
      const [before, after] = [await headOf(place.path('model')), await headOf(place.path('out'))]
      const moved = after.map((value, i) => Math.abs(value - before[i]))
      assert.ok(Math.max(...moved.map((m) => (Number.isFinite(m) ? m : Infinity))) < 0.05)
      // Steps of 1e-3 move targets of every piece of the vocabulary, whose logits all have gradients.
      for (const start of [0, 4096, 8192]) assert.ok(moved.slice(start * 8, (start + 1000) * 8).some((m) => m > 0))
      await backend.close()
    })
})
