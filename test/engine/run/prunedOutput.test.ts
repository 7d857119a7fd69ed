// `save.pruned`: the model before recovery, saved by the run that recovers it.
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { readNote } from '../../../src/engine/run/origin/note.ts'
import { tinyRecipe } from '../../support/recipes.ts'
import { run, runPlace } from '../../support/runs.ts'

const data = 'ids.safetensors'
const calibration = { data, samples: 8, seq_len: 16 }
const train = { steps: 3, train: ['norm', 'mask_lora'], lora: { rank: 2, alpha: 4 }, lr: 1e-3 }
const at = ['dense', 'pruned', 'recovered']
const recoveries = {
  reconstruct: { mode: 'reconstruct', ...train },
  refit: { mode: 'refit' },
  retrain: { mode: 'retrain', ...calibration, ...train },
}

describe('the model before recovery', () => {
  const here = runPlace({ tiny: true })

  for (const [mode, recover] of Object.entries(recoveries))
    it(`is saved where the recipe says so, and is what a run without recovery saves: ${mode}`, async () => {
      const shared = tinyRecipe({ prune: [{ method: 'sparsegpt', sparsity: 0.5 }] })
      await run(here.backend, { recipe: here.place.recipe('alone', { ...shared, save: { to: 'alone' } }) })
      const both = { ...shared, recover, evaluate: [{ data, seq_len: 16, at }], save: { to: 'out', pruned: 'pruned' } }
      const report = await run(here.backend, { recipe: here.place.recipe('both', both) })
      deepEqual([report.output, report.pruned_output], [here.place.path('out'), here.place.path('pruned')])
      const bytes = (...name: string[]) => readFileSync(here.place.path(...name))
      for (const file of ['model.safetensors', 'sparsescope.mask', 'config.json'])
        ok(bytes('pruned', file).equals(bytes('alone', file)), file)
      ok(!bytes('pruned', 'model.safetensors').equals(bytes('out', 'model.safetensors')))
      const note = await readNote(here.place.path('pruned'))
      deepEqual(note?.recipe.recover, [])
      deepEqual([note?.recipe.save?.to, note?.recipe.save?.pruned], ['pruned', undefined])
      deepEqual([...new Set(note?.evaluations.map(({ stage }) => stage))], ['dense', 'pruned'])
    })

  it('takes a pass of its own only where blocks are recovered as they are pruned, measured or not', async () => {
    const shared = tinyRecipe({ prune: [{ method: 'magnitude', sparsity: 0.5 }] })
    for (const mode of ['reconstruct', 'retrain'] as const) {
      const recipe = { ...shared, recover: recoveries[mode], save: { to: `out-${mode}`, pruned: `pruned-${mode}` } }
      const { output } = await run(here.backend, { recipe: here.place.recipe(mode, recipe) })
      equal(output, here.place.path(`out-${mode}`))
      ok(existsSync(here.place.path(`pruned-${mode}`, 'model.safetensors')))
    }
  })

  it('is refused before anything is written where it or the result exists, or one would be inside the other', async () => {
    const recipe = (to: string, pruned: string) =>
      here.place.recipe('r', tinyRecipe({ recover: recoveries.retrain, save: { to, pruned } }))
    for (const [to, pruned, message] of [
      ['out', 'model', /overwrite the model/],
      ['out', 'out/pruned', /side by side/],
      ['same', 'same', /side by side/],
      ['out', data, /exists already/],
    ] as const)
      await rejects(run(here.backend, { recipe: recipe(to, pruned) }), (error: Error) => {
        match(error.message, message)
        return true
      })
    ok(!existsSync(here.place.path('.sparsescope')) && !existsSync(here.place.path('out')))
  })
})
