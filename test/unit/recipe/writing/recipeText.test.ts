import assert from 'node:assert/strict'
import type { outlineText } from '../../../../src/extension/recipe/newRecipe.ts'
import type { MethodName } from '../../../../src/catalog/methods/methods.ts'
import type { Comparison, RecipeChoices } from '../../../../src/recipe/writing/choices.ts'
import { fieldsIn } from '../../../../src/recipe/writing/recipeText.ts'
import { recipeOf, type KnownOfRun } from '../../../../src/recipe/writing/recipeOf.ts'
import { recoveriesOf } from '../../../../src/recipe/resolve.ts'
import { expandSweep } from '../../../../src/recipe/sweep/expandSweep.ts'
import { parseRecipe } from '../../../../src/lint/lint.ts'
import { extensionModule } from '../../../support/extensionModule.ts'
import type { RecoverMode } from '../../../../src/recipe/modes.ts'
import { chosen, known, recoveries, textOf } from '../../../support/recipeChoices.ts'

const pruned = (method: MethodName, more: Partial<RecipeChoices['prune']> = {}): Partial<RecipeChoices> => ({
  prune: { method, pattern: 'unstructured', sparsity: 0.5, ...more },
})

/** The recipe that is read back. Hints are left to the model: a small one takes larger rates. */
function read(choices: Partial<RecipeChoices>, more: Partial<KnownOfRun> = {}) {
  const text = textOf(choices, more)
  const { recipe, findings } = parseRecipe(text)
  assert.deepEqual(
    findings.filter(({ severity }) => severity !== 'hint'),
    [],
    text,
  )
  assert.ok(recipe)
  return { recipe, recoveries: recoveriesOf(recipe.recover), text }
}

describe('recipes that the form writes', () => {
  const methods: MethodName[] = ['magnitude', 'wanda', 'sparsegpt', 'random']
  const chains: RecoverMode[][] = [[], ['refit'], ['reconstruct'], ['retrain'], ['reconstruct', 'retrain']]
  for (const method of methods)
    for (const modes of chains)
      for (const pattern of ['unstructured', '2:4'])
        it(`${method}, ${pattern}, ${modes.join(' then ') || 'nothing'}: valid, and the paths survive quoting`, () => {
          const { recipe, recoveries: found } = read({ ...pruned(method, { pattern }), recover: recoveries(modes) })
          assert.equal(recipe.model, chosen.model)
          assert.equal(recipe.save?.to, known.saveTo)
          assert.deepEqual(
            found.map(({ mode }) => mode),
            modes,
          )
        })

  it('have the fields of the form and what differs from its default, in the order of the rows', () => {
    assert.equal(
      textOf({ ...pruned('wanda'), recover: recoveries(['retrain']), model: './opt' }, { saveTo: './out' }),
      `# What to prune, how to recover it, where to save it. Hover a key to see what it means.
version: 1
model: ./opt
prune:
  - method: wanda
    sparsity: 0.5 # share of the weights to prune
calibration:
  data: "c4 #1.jsonl"
  samples: 128
  seq_len: 256
seed: 0
recover:
  mode: retrain # through the whole model
  train: [bias, norm, mask_lora]
  steps: 10
  lr: 0.002
  data: "c4 #1.jsonl"
  loss: {dense: 0.5, temperature: 2}
  samples: 128
  seq_len: 256
evaluate:
  - task: perplexity
    data: "held out.txt"
    seq_len: 1024
    at: [dense, pruned, recovered]
save:
  to: ./out # never overwrites: it must not exist yet
`,
    )
  })

  it('leave out a setting without effect, and one at its default that has no field', () => {
    const recover = [{ mode: 'reconstruct' as const, clip_norm: 2, batch_size: 1, weight_decay: 0.1 }]
    const [recovery] = read({ recover }).recoveries
    assert.deepEqual(recovery, { mode: 'reconstruct', weight_decay: 0.1 })
  })

  it('have the fields whose settings have an effect, with the values that they come to', () => {
    const fields = (recover: RecipeChoices['recover'], choices: Partial<RecipeChoices> = {}) =>
      fieldsIn(recipeOf({ ...chosen, ...choices, recover }, known))
    assert.equal(fields([{ mode: 'refit' }])['recover.steps'], 10)
    assert.equal(fields([{ mode: 'retrain' }])['recover.steps'], 1000)
    assert.equal(fields([], pruned('alps'))['save.to'], known.saveTo)
    assert.equal(fields(recoveries(['retrain']), pruned('alps'))['save.to'], known.saveTo, 'not that of save.pruned')
    assert.ok(!('recover.steps' in fields([{ mode: 'merge', adapter: 'a' }])))
    assert.ok('recover.adapter' in fields([{ mode: 'merge', adapter: 'a' }]))
    assert.ok('calibration.data' in fields([{ mode: 'retrain' }]), 'it trains on the text')
    assert.ok(!('calibration.data' in fields([])), 'magnitude by itself reads none')
    assert.ok('calibration.samples' in fields([], pruned('alps')))
  })

  it('distil from the dense model only where the recipe knows it', () => {
    const lossOf = (modes: RecoverMode[], more: Partial<RecipeChoices> = {}) =>
      read({ recover: recoveries(modes), ...more }).recoveries.map(({ loss }) => loss)
    assert.deepEqual(lossOf(['retrain']), [{ dense: 0.5, temperature: 2 }])
    assert.deepEqual(lossOf(['reconstruct', 'retrain']), [undefined, { dense: 0.5 }])
    assert.deepEqual(lossOf(['retrain'], { prune: null }), [undefined])
  })

  it('reconstruct every kept weight towards the dense model where retraining follows, which trains what is chosen', () => {
    const stages = (modes: RecoverMode[]) =>
      read({ ...pruned('alps'), recover: recoveries(modes) }).recoveries.map(({ train, targets }) => [
        train?.join(),
        targets,
      ])
    assert.deepEqual(stages(['reconstruct']), [['bias,norm,mask_lora', undefined]])
    assert.deepEqual(stages(['reconstruct', 'retrain']), [
      ['full', 'model'],
      ['bias,norm,mask_lora', undefined],
    ])
  })

  it('are spread as chosen, else by depth from 60 % on; what looks at the model is calibrated', () => {
    const written = (more: Partial<RecipeChoices['prune']>) => {
      const { recipe, findings } = parseRecipe(textOf(pruned('magnitude', more)))
      assert.ok(findings.every(({ severity }) => severity !== 'error'))
      const [{ allocation, depth }] = recipe?.prune ?? [{}]
      return [allocation, depth?.spread, recipe?.calibration !== undefined]
    }
    assert.deepEqual(written({}), [undefined, undefined, false])
    assert.deepEqual(written({ sparsity: 0.7 }), ['depth', undefined, false])
    assert.deepEqual(written({ sparsity: 0.7, allocation: 'uniform' }), [undefined, undefined, false])
    assert.deepEqual(written({ allocation: 'depth', depth: { spread: 'auto' } }), ['depth', 'auto', true])
    assert.deepEqual(written({ allocation: 'owl' }), ['owl', undefined, true])
    assert.deepEqual(written({ sparsity: 0.7, pattern: '2:4', allocation: 'depth' }), [undefined, undefined, false])
  })

  it('measure in the middle of a recovery only where that takes a tenth of the run at most', () => {
    const everyOf = (evaluationTokens: number | null, modes: RecoverMode[] = ['retrain'], loss?: { dense: number }) => {
      const recover = recoveries(modes, 100).map((one) => ({ ...one, loss }))
      const text = textOf({ recover }, { evaluationTokens })
      return parseRecipe(text).recipe?.evaluate?.[0].every
    }
    // Passes of 100 steps of 256 tokens, forward and backward: 76,800. Three stages and four measurements in between:
    // 4·t is a tenth of 7·t + 76,800 at t = 76,800 / 33.
    assert.equal(everyOf(76_800 / 33 - 1), 25)
    assert.equal(everyOf(76_800 / 33 + 1), undefined)
    assert.equal(everyOf(76_800 / 33 + 1, ['retrain'], { dense: 0.5 }), 25, 'the dense model passes too')
    // 12 blocks, 3 measurements: 3·t is a tenth of 6·t + 2 passes of 128 windows of 256 tokens.
    assert.equal(everyOf(65_536 / 24 - 1, ['refit']), 3)
    assert.equal(everyOf(65_536 / 24 + 1, ['refit']), undefined)
    assert.equal(everyOf(null), undefined, 'nobody knows how long its text is')
  })

  it('measure at each stage and at every quarter, and say that a pruned perplexity may cost a pass', () => {
    const measured = (modes: RecoverMode[], more: Partial<RecipeChoices> = {}, blocks: number | null = 12) => {
      const choices = { ...pruned('wanda'), recover: recoveries(modes, 100), ...more }
      const { recipe, text } = read(choices, { blocks, evaluationTokens: 1000 })
      const [{ at, every }] = recipe.evaluate ?? []
      return [at?.join(), every, /one more pruning pass/.test(text)]
    }
    const all = 'dense,pruned,recovered'
    assert.deepEqual(measured(['retrain']), [all, 25, false])
    assert.deepEqual(measured(['reconstruct']), [all, 3, true])
    assert.deepEqual(measured(['refit'], {}, 30), [all, 8, true])
    assert.deepEqual(measured(['reconstruct', 'retrain']), [all, 25, true])
    assert.deepEqual(measured([]), ['dense,pruned', undefined, false])
    assert.deepEqual(measured(['retrain'], { prune: null }), ['dense,recovered', 25, false])
    assert.deepEqual(measured(['reconstruct'], {}, null), [all, undefined, true])
  })

  it('save the model before recovery where its mask does not give it back', () => {
    const place = (method: MethodName, modes: RecoverMode[], compare?: Comparison) =>
      read({ ...pruned(method), recover: recoveries(modes), ...(compare && { compare }) }).recipe.save?.pruned
    assert.equal(place('alps', ['retrain']), './out: here-pruned')
    assert.equal(place('alps', []), undefined)
    assert.equal(place('wanda', ['retrain']), undefined)
    assert.equal(place('alps', ['retrain'], { path: 'seed', values: [0, 1] }), undefined, 'one for each run')
  })

  const comparisons: Comparison[] = [
    { path: 'prune.0.sparsity', values: [0.4, 0.5] },
    { path: 'seed', values: [0, 1, 2] },
    { path: 'prune.0.method', values: ['magnitude', 'wanda', 'sparsegpt'] },
  ]
  for (const compare of comparisons)
    it(`compares ${compare.path}: a run for each value, each with what it needs and a place of its own`, () => {
      const { recipe } = read({ compare })
      const { runs, problems } = expandSweep(recipe)
      assert.deepEqual(problems, [])
      assert.deepEqual(
        runs.map(({ settings }) => settings[compare.path]),
        compare.values,
      )
      assert.equal(new Set(runs.map((run) => run.recipe.save?.to)).size, compare.values.length)
      assert.equal(recipe.calibration !== undefined, compare.path === 'prune.0.method')
    })

  const chainsThatLearn: [RecoverMode[], string][] = [
    [['retrain'], 'recover.lr'],
    [['reconstruct', 'retrain'], 'recover.0.lr'],
  ]
  for (const [modes, path] of chainsThatLearn)
    it(`compares rates of ${modes.join(' then ')}: those of the first recovery`, () => {
      const compare: Comparison = { path: 'recover.lr', values: [5e-7, 2e-4, 5e-4] }
      const { runs, problems } = expandSweep(read({ ...pruned('alps'), recover: recoveries(modes), compare }).recipe)
      assert.deepEqual(problems, [])
      assert.deepEqual(
        runs.map(({ settings }) => settings[path]),
        compare.values,
      )
      assert.deepEqual(
        runs.map((run) => recoveriesOf(run.recipe.recover)[0].lr),
        compare.values,
      )
    })

  it('calibrates and trains on two texts, in equal parts', () => {
    const data = ['prose "1".jsonl', './read me.txt']
    const { recipe, recoveries: found } = read({
      ...pruned('alps'),
      recover: recoveries(['reconstruct', 'retrain']),
      calibration: { ...chosen.calibration, data },
    })
    assert.deepEqual(recipe.calibration?.data, data)
    assert.deepEqual(
      found.map((one) => one.data),
      [undefined, data],
    )
  })

  it('retrain a pruned model without pruning it again', () => {
    const { recipe, text } = read({ prune: null, recover: recoveries(['retrain']) })
    assert.equal(recipe.prune, undefined)
    assert.match(text, /^model: .* # the pruned input$/m)
    assert.match(text, /^evaluate: # .*pruned input$/m)
  })

  it('are valid in New Recipe without a model', async () => {
    const vscode = { l10n: { t: String } }
    const extension = await extensionModule<{ outlineText: typeof outlineText }>('recipe/newRecipe.ts', { vscode })
    assert.deepEqual(parseRecipe(extension.outlineText).findings, [])
  })
})
