// Zeros of a model that somebody else has pruned, in linears that the recipe does not prune.
import assert from 'node:assert/strict'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { compareCheckpoints } from '../../../src/engine/checkpoint/stats/compareCheckpoints.ts'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { readMaskFile } from '../../support/storedMasks.ts'
import { run, runPlace } from '../../support/runs.ts'

async function zerosOf(folder: string, name: string): Promise<number> {
  const checkpoint = await openCheckpoint(folder)
  const values = new Float32Array((await checkpoint.read(name)).buffer)
  await checkpoint.close()
  return values.filter((value) => value === 0).length
}

describe('a recipe that prunes a part of a pruned model', () => {
  const here = runPlace({ tiny: true })

  const fc1 = 'model.decoder.layers.1.fc1.weight'
  /** Half of fc1 of block 1 becomes 0 in the file. */
  function pruneFc1() {
    const file = here.place.path('model', 'model.safetensors')
    const bytes = readFileSync(file)
    const start = 8 + Number(bytes.readBigUInt64LE())
    const header = JSON.parse(bytes.toString('utf8', 8, start)) as Record<string, { data_offsets: [number, number] }>
    const [from, to] = header[fc1].data_offsets
    for (let at = start + from; at < start + to; at += 8) bytes.fill(0, at, at + 4)
    writeFileSync(file, bytes)
  }
  const recipe = (recover: object | undefined) =>
    here.place.recipe('a', {
      version: 1,
      model: here.place.path('model'),
      prune: [{ method: 'magnitude', sparsity: 0.5, targets: ['re:.*q_proj'] }],
      calibration: { data: here.place.path('ids.safetensors') },
      recover,
      save: { to: 'out' },
    })
  const training = { train: ['norm', 'mask_lora'], steps: 4, lr: 1e-2 }

  for (const mode of ['reconstruct', 'retrain'])
    it(`keeps them, and says so: ${mode}`, async () => {
      pruneFc1()
      const data = here.place.path('ids.safetensors')
      const recover = { ...training, mode, ...(mode === 'retrain' && { data, samples: 4, seq_len: 16 }) }
      const { warnings } = await run(here.backend, { recipe: recipe(recover) })
      assert.match(warnings.join('\n'), /exact zeros \(50(\.0+)? ?%\) of 1 linears .* does not prune/)
      assert.equal(await zerosOf(here.place.path('out'), fc1), 48)
    })

  it('refuses a mask that the weights no longer have, unless all is pruned anew; nor does a comparison believe it', async () => {
    const whole = (more: object, to: string) =>
      here.place.recipe(to, { version: 1, model: here.place.path('model'), save: { to }, ...more })
    const prune = [{ method: 'magnitude', sparsity: 0.5 }]
    await run(here.backend, { recipe: whole({ prune }, 'pruned') })
    cpSync(here.place.path('pruned', 'sparsescope.mask'), here.place.path('model', 'sparsescope.mask'))
    const ids = { data: here.place.path('ids.safetensors'), samples: 4, seq_len: 16 }
    const recover = { mode: 'retrain', train: ['norm'], steps: 2, ...ids }
    for (const more of [{ recover }, { recover, prune: [{ ...prune[0], targets: ['re:.*q_proj'] }] }])
      await assert.rejects(run(here.backend, { recipe: whole(more, 'stale') }), {
        code: 'bad-checkpoint',
        message: /the mask is older than the weights/,
      })
    await run(here.backend, { recipe: whole({ prune, recover }, 'anew') })
    const model = await openCheckpoint(here.place.path('model'))
    assert.equal((await compareCheckpoints(model, model)).maskPreserved, null)
    await model.close()
  })

  it('has them in the mask file also where nothing trains: a sweep shares such parts with runs that do', async () => {
    pruneFc1()
    await run(here.backend, { recipe: recipe(undefined) })
    const masks = await readMaskFile(here.place.path('out', 'sparsescope.mask'))
    assert.equal(masks.get(fc1)?.words.length, 12)
  })

  it('says nothing where there are none', async () => {
    const { warnings } = await run(here.backend, { recipe: recipe(training) })
    assert.doesNotMatch(warnings.join('\n'), /exact zeros/)
    assert.equal(await zerosOf(here.place.path('out'), fc1), 0)
  })
})
