// recover.inputs: dense — blocks are trained on what the dense model gives them, and towards its own outputs.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunEvent } from '../../../src/shared/series/events.ts'
import { blockOutputs } from '../../support/hidden.ts'
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
})
