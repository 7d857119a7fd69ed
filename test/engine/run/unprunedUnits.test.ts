// A block or submodule of which nothing is pruned, on inputs that nothing has changed, has nothing to recover.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import type { RunEvent } from '../../../src/runs/series/events.ts'
import { run, runPlace } from '../../support/runs.ts'
import { goldenPath } from '../../support/shared.ts'

describe('reconstruction where nothing is pruned', () => {
  const here = runPlace()

  const model = goldenPath('opt')

  /** Names of parameters that the run changed, and its events. */
  async function recovered(targets: string[], window: string) {
    const recipe = here.place.recipe('run', {
      ...{ version: 1, model, prune: [{ method: 'magnitude', sparsity: 0.5, targets }] },
      calibration: { data: goldenPath('opt', 'prune', 'calib.safetensors'), samples: 16, seq_len: 16 },
      recover: { mode: 'reconstruct', window, train: ['bias', 'norm', 'mask_lora'], steps: 20, lr: 5e-3 },
      save: { to: 'out' },
    })
    const { run: folder } = await run(here.backend, { recipe })
    const lines = readFileSync(join(folder, 'events.jsonl'), 'utf8').trim().split('\n')
    const [before, after] = [await openCheckpoint(model), await openCheckpoint(here.place.path('out'))]
    const changed: string[] = []
    for (const name of before.tensors.keys())
      if (Buffer.compare(await before.read(name), await after.read(name)) !== 0) changed.push(name)
    for (const checkpoint of [before, after]) await checkpoint.close()
    return { changed, events: lines.map((line) => JSON.parse(line) as RunEvent) }
  }

  it('leaves such a block as it was, without a step', async () => {
    const { changed, events } = await recovered(['re:.*layers\\.1\\..*'], 'block')
    assert.ok(changed.length > 0 && changed.every((name) => name.includes('layers.1.')), changed.join())
    const blocks = events.flatMap((event) => (event.type === 'block' ? [event] : []))
    assert.deepEqual([blocks[0].error_before, blocks[0].error_after], [0, 0])
    assert.ok((blocks[1].error_after ?? NaN) < (blocks[1].error_before ?? NaN))
    const stepsOf = (block: number) => events.filter((event) => event.type === 'step' && event.block === block).length
    assert.deepEqual([stepsOf(0), stepsOf(1)], [0, 20])
  })

  it('leaves the attention of a block as it was where its MLP alone is pruned', async () => {
    const { changed } = await recovered(['re:.*layers\\.0\\.fc.*'], 'submodule')
    const first = changed.filter((name) => name.includes('layers.0.'))
    assert.ok(first.length > 0 && first.every((name) => !name.includes('attn')), first.join())
  })
})
