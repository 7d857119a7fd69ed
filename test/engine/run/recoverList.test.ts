// recover as a list: in one recipe the same as in two, walks that are shared and walks that come again, and what is said.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunEvent } from '../../../src/runs/series/events.ts'
import { blockOutputs, mixCheckpoints } from '../../support/hidden.ts'
import { run, runPlace } from '../../support/runs.ts'
import { goldenPath } from '../../support/shared.ts'

const windows = 16
const data = goldenPath('opt', 'prune', 'calib.safetensors')
const calibration = { data, samples: windows, seq_len: 16 }
const reconstruct = {
  mode: 'reconstruct',
  train: ['bias', 'norm', 'mask_lora'],
  lora: { rank: 4 },
  steps: 12,
  lr: 1e-3,
}
const retrain = {
  mode: 'retrain',
  train: ['norm', 'scale_lora'],
  lora: { rank: 2 },
  steps: 8,
  lr: 1e-3,
  data,
  samples: windows,
  seq_len: 16,
  shuffle: true,
}
const evaluate = [{ data, seq_len: 16, at: ['dense', 'pruned', 'recovered'] }]

describe('recover as a list', function () {
  this.timeout(300_000)
  const here = runPlace()

  async function runOf(name: string, recipe: object) {
    const path = here.place.recipe(name, { version: 1, calibration, seed: 3, ...recipe, save: { to: name } })
    const report = await run(here.backend, { recipe: path })
    const lines = readFileSync(join(report.run, 'events.jsonl'), 'utf8').trim().split('\n')
    return { report, events: lines.map((line) => JSON.parse(line) as RunEvent) }
  }
  const pruned = { model: goldenPath('opt'), prune: [{ method: 'wanda', sparsity: 0.5 }] }
  const bytes = (name: string, file: string) => readFileSync(here.place.path(name, file))
  const assertSame = (a: string, b: string) => {
    for (const file of ['model.safetensors', 'sparsescope.mask', 'config.json'])
      assert.ok(bytes(a, file).equals(bytes(b, file)), file)
  }

  for (const [what, first, second] of [
    ['a reconstruction and a retraining', reconstruct, retrain],
    [
      'two retrainings, the first of a tied head',
      { ...retrain, train: ['norm', 'head'] },
      { ...retrain, train: ['full'] },
    ],
  ] as const)
    it(`${what} give the bytes of two recipes one after the other`, async () => {
      const { report } = await runOf('list', { ...pruned, recover: [first, second] })
      await runOf('first', { ...pruned, recover: first })
      await runOf('second', { model: here.place.path('first'), recover: [second] })
      assertSame('list', 'second')
      assert.deepEqual(
        report.recoveries.map(({ mode }) => mode),
        [first.mode, second.mode],
      )
    })

  it('is for one the same as without the list', async () => {
    const one = await runOf('one', { ...pruned, recover: reconstruct })
    const listed = await runOf('listed', { ...pruned, recover: [reconstruct] })
    assertSame('one', 'listed')
    assert.deepEqual(listed.report.recipe.recover, one.report.recipe.recover)
    assert.ok(listed.events.every((event) => !('recovery' in event) && !('errors' in event)))
  })

  it('shares one pass for what works block by block, and numbers each', async () => {
    const recover = [{ mode: 'refit' }, { ...reconstruct, train: ['bias', 'norm'] }, retrain]
    const { report, events } = await runOf('walk', { ...pruned, recover, evaluate: [{ ...evaluate[0], every: 1 }] })
    const blocks = events.filter((event) => event.type === 'block')
    assert.deepEqual(
      blocks.map(({ block }) => block),
      [0, 1],
    )
    for (const { errors, error_after: last } of blocks) {
      assert.deepEqual(
        errors?.map(({ recovery }) => recovery),
        [0, 1],
      )
      for (const { error_before: before, error_after: after } of errors ?? [])
        assert.ok((after ?? NaN) < (before ?? NaN))
      assert.equal(last, errors?.at(-1)?.error_after)
    }
    const steps = events.filter((event) => event.type === 'step')
    assert.deepEqual(
      [...new Set(steps.map(({ recovery, block }) => `${recovery} ${block}`))],
      ['1 0', '1 1', '2 undefined'],
    )
    const phases = events.flatMap((event) => (event.type === 'phase' && event.recovery !== undefined ? [event] : []))
    assert.deepEqual(
      [...new Set(phases.map(({ phase, recovery }) => `${recovery} ${phase}`))],
      ['0 refit', '1 reconstruct', '2 retrain'],
    )
    const between = report.evaluations.filter(({ step }) => step !== undefined)
    assert.deepEqual(
      between.map(({ recovery, step }) => `${recovery} ${step}`),
      ['1 1', ...Array.from({ length: retrain.steps }, (_, i) => `2 ${i + 1}`)],
    )
    assert.deepEqual(
      report.recoveries.map(({ trainable }) => trainable !== null),
      [false, true, true],
    )
  })

  it('reconstructs the retrained model towards the dense blocks', async () => {
    const train = { ...retrain, train: ['norm'] }
    const again = { ...reconstruct, train: ['bias', 'norm'] }
    await runOf('retrained', { ...pruned, recover: train })
    const { events } = await runOf('again', { ...pruned, recover: [train, again] })
    const blocks = events.filter((event) => event.type === 'block' && event.errors !== undefined)
    assert.equal(blocks.length, 2)
    const sources = {
      dense: goldenPath('opt'),
      retrained: here.place.path('retrained'),
      again: here.place.path('again'),
    }
    const outputs = async (of: keyof typeof sources) => {
      const folder = await mixCheckpoints(here.place.path(`mix-${of}`), sources, (t) =>
        /\.layers\.0\./.test(t) ? of : 'dense',
      )
      return blockOutputs(here.backend, folder, { ids: data, block: 0, scratch: here.place.path('hidden.safetensors') })
    }
    const dense = await outputs('dense')
    const [block] = blocks
    assert.ok(block.type === 'block')
    near(block.error_before, errorOf(dense, await outputs('retrained')))
    near(block.error_after, errorOf(dense, await outputs('again')))
    assert.ok((block.error_after ?? NaN) < (block.error_before ?? NaN))
    assert.ok(bytes('again', 'sparsescope.mask').equals(bytes('retrained', 'sparsescope.mask')))
  })

  it('may have every kind of block recovery again after a retraining', async () => {
    const recover = [
      { ...reconstruct, window: 'submodule', train: ['norm'] },
      { ...reconstruct, inputs: 'dense', train: ['norm'] },
      retrain,
      { mode: 'refit' },
      { ...reconstruct, inputs: 'dense', window: 'submodule', train: ['bias'] },
      { ...retrain, steps: 4 },
    ]
    const { report } = await runOf('many', { ...pruned, recover, evaluate })
    assert.equal(report.status, 'done')
    assert.equal(report.blocks.length, 4)
    assert.equal(report.sparsity, 0.5)
  })

  it('is refused with the place of a wrong setting', async () => {
    const refused = (recover: object[], message: RegExp, more: object = pruned) =>
      assert.rejects(runOf('refused', { ...more, recover }), { code: 'bad-recipe', message })
    await refused([reconstruct, { ...retrain, batch_size: 17 }], /recover\.1\.batch_size is 17/)
    await refused([retrain, reconstruct], /Mode reconstruct fits/, { model: goldenPath('opt') })
    await refused([reconstruct, { ...retrain, train: ['full', 'mask_lora'] }], /full trains every weight/)
  })
})

/** Mean squared difference. */
function errorOf(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / a.length
}

function near(actual: number | null | undefined, expected: number): void {
  assert.ok(Math.abs((actual ?? NaN) / expected - 1) < 1e-3, `${actual} against ${expected}`)
}
