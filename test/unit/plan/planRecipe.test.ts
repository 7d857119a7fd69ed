import assert from 'node:assert/strict'
import { beyondDevice } from '../../../src/plan/memory.ts'
import { planRecipe } from '../../../src/plan/planRecipe.ts'
import { roughDuration } from '../../../src/formatting/numbers.ts'
import { lint } from '../../../src/lint/lint.ts'
import { resolveRecipe } from '../../../src/recipe/resolve.ts'
import { recipeSchema } from '../../../src/recipe/schema.ts'
import { factsOf, modelOf, optConfig, tensorsOf } from '../../support/recipeFacts.ts'
import { resolvedRecipe } from '../../support/recipes.ts'

function planOf(recipe: object, config: object = optConfig) {
  const checked = recipeSchema.parse({ version: 1, model: 'm', ...recipe })
  const facts = factsOf(modelOf(config, { masked: true }))
  const { findings } = lint(JSON.stringify(checked), { facts })
  return planRecipe('r.prune.yaml', resolveRecipe(checked), facts, findings)
}
const calibration = { data: 'a.jsonl', samples: 128, seq_len: 64 }

describe('the plan of a recipe', () => {
  it('counts the modules that are pruned, each once, without the ignored', () => {
    const prune = [
      { sparsity: 0.3, targets: ['re:.*fc[12]'], ignore: ['re:.*layers\\.0\\.'] },
      { sparsity: 0.4, targets: ['re:.*fc1'] },
    ]
    const plan = planOf({ prune, save: { to: 'out' } })
    assert.equal(plan.prunedModules, 11 * 2 + 1)
    assert.equal(plan.rows.filter((r) => r.pruned).length, 23)
    assert.equal(plan.errors.length, 1, 'the two steps overlap')
  })

  it('lists what each recovery trains beside what all of them train', () => {
    const retrain = { mode: 'retrain', data: 'a.jsonl', steps: 1 }
    const recover = [{ mode: 'refit' }, { ...retrain, train: ['norm'] }, { ...retrain, train: ['bias', 'mask_lora'] }]
    const { rows, recoveries } = planOf({ prune: [{ sparsity: 0.3 }], calibration, recover })
    const [refit, norms, adapters] = recoveries.map(({ trains }) => trains)
    assert.deepEqual(refit, [])
    assert.deepEqual(new Set(norms.map(({ by }) => by)), new Set(['norm']))
    assert.deepEqual(new Set(adapters.map(({ by }) => by)), new Set(['bias', 'mask_lora']))
    for (const { trains, trainable } of recoveries) {
      assert.equal(
        trains.reduce((sum, one) => sum + one.trainable, 0),
        trainable,
      )
      assert.ok(trains.every(({ name }) => rows.some((row) => row.name === name)))
    }
  })

  it('says that more memory is allowed than the machine has, or less than it takes', () => {
    assert.equal(beyondDevice(8e9, 8e9), null)
    assert.match(
      beyondDevice(64e9, 24e9) ?? '',
      /--memory 64 GB is more than this machine has \(24 GB\): at most 21.6 GB/,
    )
    const machine = { memoryBytes: 24e9, freeDiskBytes: null, threads: 2, gpu: false }
    const warningsOf = (budgetBytes: number, budgetAsked = true) => {
      const asked = { ...machine, budgetBytes, budgetAsked }
      const facts = { ...factsOf(modelOf(optConfig, { masked: true })), machine: asked }
      const recipe = resolvedRecipe({ prune: [{}] })
      return planRecipe('r.prune.yaml', recipe, facts, []).warnings
    }
    assert.deepEqual(warningsOf(8e9), [])
    assert.equal(warningsOf(64e9).length, 1)
    assert.match(warningsOf(1e6).join(), /^--memory allows 1 MB, and this takes about \d+ MB at least: /)
    assert.deepEqual(warningsOf(1e6, false), [], 'a default')
  })

  it('needs no more memory for more blocks that are reconstructed one by one', () => {
    const recipe = { recover: { train: ['mask_lora'] }, calibration, save: { to: 'out' } }
    const deep = { ...optConfig, num_hidden_layers: 120 }
    assert.equal(planOf(recipe).estimates.memoryBytes, planOf(recipe, deep).estimates.memoryBytes)
    const retrain = { recover: { mode: 'retrain', data: 'a.jsonl', train: ['mask_lora'] }, save: { to: 'out' } }
    assert.ok(planOf(retrain).estimates.memoryBytes < planOf(retrain, deep).estimates.memoryBytes)
  })

  it('needs on disk the weights and a bit for each prunable weight', () => {
    const weights = [...tensorsOf(optConfig).values()].reduce((n, t) => n + 4 * t.shape.reduce((a, b) => a * b, 1), 0)
    const mask = (12 * (4 * 64 * 64 + 2 * 64 * 256)) / 8
    assert.equal(planOf({ prune: [{ sparsity: 0.3 }], save: { to: 'out' } }).estimates.diskBytes, weights + mask)
    assert.equal(planOf({ prune: [{ sparsity: 0.3 }] }).estimates.diskBytes, 0)
    const both = { prune: [{ sparsity: 0.3 }], save: { to: 'out', pruned: 'pruned' } }
    const recover = { mode: 'retrain' as const, data: 'a.jsonl', train: ['norm' as const], steps: 1 }
    assert.equal(planOf({ ...both, recover }).estimates.diskBytes, 2 * (weights + mask))
    assert.equal(planOf(both).estimates.diskBytes, weights + mask, 'without recovery it is written once')
  })

  it('takes time in proportion to the steps', () => {
    const seconds = (steps: number) => {
      const recover = { mode: 'retrain', data: 'a.jsonl', train: ['norm'], steps, batch_size: 64 }
      return planOf({ recover }).estimates.seconds ?? 0
    }
    const [one, two, three] = [1e5, 2e5, 3e5].map(seconds)
    assert.ok(Math.abs(three - two - (two - one)) < 1e-6 * three)
    assert.ok(two > one)
  })

  it('says in its rows what trains a parameter', () => {
    const plan = planOf({ recover: { train: ['bias', 'norm'] }, calibration, save: { to: 'out' } })
    const by = (name: string) => plan.rows.find((r) => r.name === `model.decoder.layers.0.${name}`)?.by
    assert.deepEqual(
      [by('fc1.bias'), by('final_layer_norm.weight'), by('final_layer_norm.bias'), by('fc1.weight')],
      ['bias', 'norm', 'norm', null],
    )
    assert.equal(
      plan.trainable,
      plan.rows.reduce((n, r) => n + r.trainable, 0),
    )
    assert.equal(plan.percentage, (100 * plan.trainable) / plan.parameters)
  })

  it('has numbers for each of several recoveries', () => {
    const retrain = { mode: 'retrain', data: 'a.jsonl', train: ['mask_lora'], seq_len: 64 }
    const prune = [{ method: 'wanda' }]
    const plan = planOf({
      prune,
      recover: [{ mode: 'refit' }, { train: ['bias'] }, retrain],
      calibration,
      save: { to: 'out' },
    })
    assert.equal(plan.mode, 'refit → reconstruct → retrain')
    assert.deepEqual(
      plan.recoveries.map(({ place }) => place),
      ['recover.0', 'recover.1', 'recover.2'],
    )
    const [refit, biases, adapters] = plan.recoveries.map(({ trainable }) => trainable)
    assert.ok(refit === 0 && biases > 0 && adapters > biases)
    assert.equal(plan.trainable, adapters)
    const by = new Map(plan.rows.map((row) => [row.name, row.by]))
    assert.equal(by.get('model.decoder.layers.0.fc1.bias'), 'bias')
    assert.equal(by.get('model.decoder.layers.0.fc1.weight'), 'mask_lora')
  })

  it('gives rough and short durations', () => {
    assert.deepEqual([0.2, 42, 300, 5400, 90_000, 1e6].map(roughDuration), [
      '1 s',
      '42 s',
      '5 min',
      '1.5 h',
      '25 h',
      '12 days',
    ])
  })
})
