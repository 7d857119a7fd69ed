// recover.inputs and recover.targets: blocks are trained on what the dense model gives them, or towards its own outputs.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunEvent } from '../../../src/runs/series/events.ts'
import { blockOutputs, mixCheckpoints } from '../../support/hidden.ts'
import { run, runPlace } from '../../support/runs.ts'
import { goldenPath } from '../../support/shared.ts'

describe('reconstruction on dense inputs', () => {
  const here = runPlace()

  const hidden = (folder: string, ids: string, block: number) =>
    blockOutputs(here.backend, folder, { ids, block, scratch: here.place.path('forward.safetensors') })

  it('starts block 1 from the error that pruning it alone makes in the dense model', async function () {
    const [model, data] = [goldenPath('opt'), goldenPath('opt', 'prune', 'calib.safetensors')]
    const prune = { method: 'magnitude', sparsity: 0.5 }
    const errorsWith = async (inputs: string) => {
      const recover = { mode: 'reconstruct', inputs, train: ['bias', 'norm'], steps: 20, lr: 1e-3 }
      const calibration = { data, samples: 16, seq_len: 16 }
      const recipe = here.place.recipe(inputs, { version: 1, model, prune: [prune], calibration, recover })
      const { run: folder } = await run(here.backend, { recipe })
      const events = readFileSync(join(folder, 'events.jsonl'), 'utf8').trim().split('\n')
      return events.flatMap((line) => {
        const event = JSON.parse(line) as RunEvent
        return event.type === 'block' ? [event] : []
      })
    }
    // Magnitude looks at no data: this is how block 1 is pruned whatever happened to block 0.
    const alone = { ...prune, targets: ['re:.*layers\\.1\\..*'] }
    await run(here.backend, {
      recipe: here.place.recipe('alone', { version: 1, model, prune: [alone], save: { to: 'alone' } }),
    })
    const [dense, pruned] = [await hidden(model, data, 1), await hidden(here.place.path('alone'), data, 1)]
    const expected = dense.reduce((sum, x, i) => sum + (x - pruned[i]) ** 2, 0) / dense.length

    const [onDense, onPruned] = [await errorsWith('dense'), await errorsWith('pruned')]
    assert.equal(onDense[0].error_before, onPruned[0].error_before)
    const before = onDense[1].error_before ?? NaN
    assert.ok(Math.abs(before / expected - 1) < 1e-3, `${before} against ${expected}`)
    assert.ok(Math.abs((onPruned[1].error_before ?? NaN) / expected - 1) > 0.01, 'pruned inputs give another error')
    assert.ok((onDense[1].error_after ?? NaN) < before)
  })

  it("towards the dense model's outputs, block 1 starts from what block 0 left undone and its own pruning", async () => {
    const [model, data] = [goldenPath('llama'), goldenPath('llama', 'prune', 'calib.safetensors')]
    const base = { version: 1, model, prune: [{ method: 'magnitude', sparsity: 0.5 }] }
    await run(here.backend, { recipe: here.place.recipe('pruned', { ...base, save: { to: 'pruned' } }) })
    const recovered = async (name: string, settings: object) => {
      const recover = { mode: 'reconstruct', train: ['norm', 'mask_lora'], steps: 20, lr: 1e-3, ...settings }
      const calibration = { data, samples: 16, seq_len: 16 }
      const recipe = here.place.recipe(name, { ...base, calibration, recover, save: { to: name } })
      const { run: folder } = await run(here.backend, { recipe })
      const lines = readFileSync(join(folder, 'events.jsonl'), 'utf8').trim().split('\n')
      return lines.flatMap((line) => {
        const event = JSON.parse(line) as RunEvent
        return event.type === 'block' ? [event] : []
      })
    }
    const towardsModel = await recovered('model', { targets: 'model' })
    const towardsBlock = await recovered('block', {})
    const sources = { model: here.place.path('model'), pruned: here.place.path('pruned') }
    const mixed = await mixCheckpoints(here.place.path('mixed'), sources, (name) =>
      name.includes('.layers.1.') ? 'pruned' : 'model',
    )
    const [dense, before] = [await hidden(model, data, 1), await hidden(mixed, data, 1)]
    const expected = dense.reduce((sum, x, i) => sum + (x - before[i]) ** 2, 0) / dense.length
    // Block 0 has the same inputs and targets in both.
    assert.equal(towardsModel[0].error_after, towardsBlock[0].error_after)
    const found = towardsModel[1].error_before ?? NaN
    assert.ok(Math.abs(found / expected - 1) < 1e-3, `${found} against ${expected}`)
    assert.ok((towardsModel[1].error_after ?? NaN) < found)
    const ends = { model: await hidden(sources.model, data, 1), block: await hidden(here.place.path('block'), data, 1) }
    const errorOf = (states: Float32Array) => states.reduce((sum, x, i) => sum + (x - dense[i]) ** 2, 0)
    assert.ok(errorOf(ends.model) < errorOf(ends.block), 'the whole ends nearer to the dense model')
  })
})
