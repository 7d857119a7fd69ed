import assert from 'node:assert/strict'
import type { outlineText } from '../../../../src/extension/recipe/newRecipe.ts'
import type { MethodName } from '../../../../src/catalog/methods/methods.ts'
import { recipeText, type Comparison, type RecipeChoices } from '../../../../src/recipe/writing/recipeText.ts'
import { recoveriesOf } from '../../../../src/recipe/resolve.ts'
import { expandSweep } from '../../../../src/recipe/sweep/expandSweep.ts'
import { parseRecipe } from '../../../../src/lint/lint.ts'
import { extensionModule } from '../../../support/extensionModule.ts'
import type { RecoverMode } from '../../../../src/recipe/modes.ts'

const base = {
  model: './opt "125m"',
  sparsity: 0.5,
  train: ['bias', 'norm', 'mask_lora'],
  evaluateOn: 'held out.txt',
  field: null,
  seqLen: 256,
  blocks: 12,
  evaluationLen: 1024,
  samples: 128,
  steps: 10,
  saveTo: './out: here',
}

describe('recipes that the form writes', () => {
  const methods: MethodName[] = ['magnitude', 'wanda', 'sparsegpt', 'random']
  const chains: RecoverMode[][] = [[], ['refit'], ['reconstruct'], ['retrain'], ['reconstruct', 'retrain']]
  for (const method of methods) {
    for (const recoveries of chains) {
      for (const pattern of ['unstructured', '2:4']) {
        it(`${method}, ${pattern}, ${recoveries.join(' then ') || 'nothing'}: valid, and the paths survive quoting`, () => {
          const text = recipeText({ ...base, method, recoveries, pattern, data: 'c4 #1.jsonl' })
          const { recipe, findings } = parseRecipe(text)
          assert.deepEqual(findings, [], text)
          assert.equal(recipe?.model, base.model)
          assert.equal(recipe?.save?.to, base.saveTo)
          const modes = recoveriesOf(recipe?.recover).map(({ mode }) => mode)
          assert.deepEqual(modes, recoveries)
        })
      }
    }
  }

  it('learn from the dense model only where the whole model is retrained, and the recipe knows the dense one', () => {
    const lossOf = (more: Partial<RecipeChoices>) => {
      const chosen = {
        method: 'magnitude',
        recoveries: ['retrain'],
        pattern: 'unstructured',
        data: 'c4.jsonl',
      } as const
      const { recipe, findings } = parseRecipe(recipeText({ ...base, ...chosen, loss: 'half', ...more }))
      assert.deepEqual(findings, [])
      return recoveriesOf(recipe?.recover).map(({ loss }) => loss)
    }
    const half = { dense: 0.5 }
    assert.deepEqual(lossOf({}), [half])
    assert.deepEqual(lossOf({ recoveries: ['reconstruct', 'retrain'] }), [undefined, half])
    assert.deepEqual(lossOf({ loss: 'text' }), [undefined])
    assert.deepEqual(lossOf({ method: null }), [undefined])
    assert.deepEqual(lossOf({ recoveries: ['reconstruct'] }), [undefined])
  })

  it('reconstruct every kept weight towards the dense model where retraining follows, which trains what is chosen', () => {
    const recipe = { ...base, method: 'alps', pattern: 'unstructured', data: 'c4.jsonl' } as const
    const stages = (recoveries: RecoverMode[]) =>
      recoveriesOf(parseRecipe(recipeText({ ...recipe, recoveries })).recipe?.recover).map(({ train, targets }) => [
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
    const written = (more: Partial<RecipeChoices>) => {
      const text = recipeText({
        ...base,
        method: 'magnitude',
        recoveries: [],
        pattern: 'unstructured',
        data: 'c4.jsonl',
        ...more,
      })
      const { recipe, findings } = parseRecipe(text)
      assert.deepEqual(
        findings.filter(({ severity }) => severity === 'error'),
        [],
        text,
      )
      const [{ allocation, depth }] = recipe?.prune ?? [{}]
      return [allocation, depth?.spread, recipe?.calibration !== undefined]
    }
    assert.deepEqual(written({}), [undefined, undefined, false])
    assert.deepEqual(written({ sparsity: 0.7 }), ['depth', undefined, false])
    assert.deepEqual(written({ sparsity: 0.7, spread: 'uniform' }), [undefined, undefined, false])
    assert.deepEqual(written({ spread: 'tried' }), ['depth', 'auto', true])
    assert.deepEqual(written({ spread: 'owl' }), ['owl', undefined, true])
    assert.deepEqual(written({ sparsity: 0.7, pattern: '2:4', spread: 'tried' }), [undefined, undefined, false])
  })

  it('measure in the middle of a recovery only where that takes a tenth of the run at most', () => {
    const everyOf = (evaluationTokens: number | null, more: Partial<RecipeChoices> = {}) => {
      const choices = { ...base, method: 'magnitude' as const, pattern: 'unstructured', data: 'c4.jsonl', steps: 100 }
      const text = recipeText({ ...choices, recoveries: ['retrain'], evaluationTokens, ...more })
      return parseRecipe(text).recipe?.evaluate?.[0].every
    }
    // Passes of 100 steps of 256 tokens, forward and backward: 76,800. Three stages and four measurements in between:
    // 4·t is a tenth of 7·t + 76,800 at t = 76,800 / 33.
    assert.equal(everyOf(76_800 / 33 - 1), 25)
    assert.equal(everyOf(76_800 / 33 + 1), undefined)
    assert.equal(everyOf(76_800 / 33 + 1, { loss: 'half' }), 25, 'the dense model passes too')
    // 12 blocks, 3 measurements: 3·t is a tenth of 6·t + 2 passes of 128 windows of 256 tokens.
    assert.equal(everyOf(65_536 / 24 - 1, { recoveries: ['refit'] }), 3)
    assert.equal(everyOf(65_536 / 24 + 1, { recoveries: ['refit'] }), undefined)
    assert.equal(everyOf(null), undefined, 'nobody knows how long its text is')
  })

  it('measure at each stage and at every quarter, and say that a pruned perplexity may cost a pass', () => {
    const measured = (recoveries: RecoverMode[], more: Partial<RecipeChoices> = {}) => {
      const choices = {
        ...base,
        method: 'wanda' as const,
        pattern: 'unstructured',
        data: 'c4.jsonl',
        steps: 100,
        evaluationTokens: 1000,
      }
      const text = recipeText({ ...choices, recoveries, ...more })
      const [{ at, every }] = parseRecipe(text).recipe?.evaluate ?? []
      return [at?.join(), every, /one more pass that prunes/.test(text)]
    }
    const all = 'dense,pruned,recovered'
    assert.deepEqual(measured(['retrain']), [all, 25, false])
    assert.deepEqual(measured(['reconstruct']), [all, 3, true])
    assert.deepEqual(measured(['refit'], { blocks: 30 }), [all, 8, true])
    assert.deepEqual(measured(['reconstruct', 'retrain']), [all, 25, true])
    assert.deepEqual(measured([]), ['dense,pruned', undefined, false])
    assert.deepEqual(measured(['retrain'], { method: null }), ['dense,recovered', 25, false])
    assert.deepEqual(measured(['reconstruct'], { blocks: null }), [all, undefined, true])
  })

  it('save the model before recovery where its mask does not give it back', () => {
    const place = (method: MethodName, recoveries: RecoverMode[], compare?: Comparison) => {
      const choices = { ...base, method, recoveries, compare, pattern: 'unstructured', data: 'c4.jsonl' }
      return parseRecipe(recipeText(choices)).recipe?.save?.pruned
    }
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
      const choices = { ...base, method: 'magnitude' as const, recoveries: [], pattern: 'unstructured' }
      const { recipe, findings } = parseRecipe(recipeText({ ...choices, compare, data: 'c4.jsonl' }))
      assert.ok(recipe)
      assert.deepEqual(findings, [])
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
  for (const [recoveries, path] of chainsThatLearn)
    it(`compares rates of ${recoveries.join(' then ')}: those of the first recovery`, () => {
      const compare: Comparison = { path: 'recover.lr', values: [5e-7, 2e-4, 5e-4] }
      const choices = { ...base, method: 'alps' as const, recoveries, pattern: 'unstructured', data: 'c4.jsonl' }
      const { recipe, findings } = parseRecipe(recipeText({ ...choices, compare }))
      assert.ok(recipe)
      assert.deepEqual(findings, [])
      const { runs, problems } = expandSweep(recipe)
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
    const files = ['prose "1".jsonl', './read me.txt']
    const both = { ...base, pattern: 'unstructured', data: files[0], secondData: files[1] }
    const text = recipeText({ ...both, method: 'alps', recoveries: ['reconstruct', 'retrain'] })
    const { recipe, findings } = parseRecipe(text)
    assert.deepEqual(findings, [], text)
    assert.deepEqual(recipe?.calibration?.data, files)
    assert.deepEqual(
      recoveriesOf(recipe?.recover).map(({ data }) => data),
      [undefined, files],
    )
    // Without a first text there is no second one, whatever was chosen before.
    assert.doesNotMatch(recipeText({ ...both, data: null, method: 'magnitude', recoveries: [] }), /read me/)
  })

  it('retrain a pruned model without pruning it again', () => {
    const text = recipeText({
      ...base,
      method: null,
      recoveries: ['retrain'],
      pattern: 'unstructured',
      data: 'train.txt',
    })
    const { recipe, findings } = parseRecipe(text)
    assert.deepEqual(findings, [], text)
    assert.equal(recipe?.prune, undefined)
    assert.match(text, /^model: .* # the pruned input$/m)
    assert.match(text, /^evaluate: # .*pruned input$/m)
  })

  it('are valid in New Recipe without a model', async () => {
    const vscode = { l10n: { t: String } }
    const extension = await extensionModule<{ outlineText: typeof outlineText }>('recipe/newRecipe.ts', { vscode })
    assert.deepEqual(parseRecipe(extension.outlineText).findings, [])
  })
})
