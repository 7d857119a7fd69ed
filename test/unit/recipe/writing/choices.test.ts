import assert from 'node:assert/strict'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lintText } from '../../../../src/engine/facts/recipeFacts.ts'
import { readModelFacts } from '../../../../src/extension/models/factsWorker.ts'
import {
  canRetrain,
  firstChoices,
  freeName,
  freeOutput,
  isHeldOut,
  presetsFor,
  trainedOf,
  withTexts,
  withTrain,
  type RecipeChoices,
} from '../../../../src/recipe/writing/choices.ts'
import type { toRecipePath, writtenOf } from '../../../../src/extension/recipe/recipeDefaults.ts'
import { chainFor, chains } from '../../../../src/recipe/measured.ts'
import { recipeOf } from '../../../../src/recipe/writing/recipeOf.ts'
import { recipeText } from '../../../../src/recipe/writing/recipeText.ts'
import { extensionModule } from '../../../support/extensionModule.ts'

const samples = fileURLToPath(new URL('../../../../samples', import.meta.url))
const texts = ['./text/train.jsonl', './text/evaluation.txt']
const known = { biases: false, maxPositions: null, parameters: 135e6 }

async function assertClean(choices: RecipeChoices, saveTo = './out'): Promise<void> {
  const text = recipeText(recipeOf(choices, { saveTo, blocks: 2, evaluationTokens: 1e4 }))
  const { findings } = await lintText(text, { folder: samples })
  assert.deepEqual(
    findings
      .filter(({ severity, name }) => severity === 'error' || severity === 'warning' || name === 'lr-off-grid')
      .map((f) => f.message),
    [],
    text,
  )
}

describe('first choices of a recipe', () => {
  for (const model of ['opt', 'llama'])
    for (const { name, method, chain } of [...presetsFor(true), presetsFor(false)[1]])
      it(`for the sample ${model}, ${name} by ${chain} writes a recipe without a finding`, async () => {
        const facts = await readModelFacts(join(samples, model))
        const filled = withTexts(firstChoices(`./${model}`, facts, 16e9), texts)
        const prune = filled.prune && { ...filled.prune, method }
        await assertClean({ ...filled, prune, recover: withTrain(chains[chain], trainedOf(facts)) })
      })

  for (const model of ['opt', 'llama'])
    for (const found of [texts, []])
      it(`for the sample ${model} with ${found.length} texts make a recipe without a finding`, async () => {
        const facts = await readModelFacts(join(samples, model))
        const filled = withTexts(firstChoices(`./${model}`, facts, 16e9), found)
        await assertClean(
          filled,
          freeOutput(model, filled, () => false),
        )
      })

  it('are Balanced: retrained where the model fits into memory, else reconstructed block by block', () => {
    const of = (parameters: number) => {
      const { prune, recover } = firstChoices('m', { ...known, parameters }, 16e9)
      return [prune?.method, ...recover.map(({ mode }) => mode)]
    }
    assert.ok(canRetrain(known, 16e9) && !canRetrain({ parameters: 7e9 }, 16e9))
    assert.deepEqual(of(135e6), ['alps', 'retrain'])
    assert.deepEqual(of(30e12), ['alps', 'reconstruct'])
  })

  it('have the rates that were measured, and at most 5e-4 for larger models', () => {
    const rateOf = (parameters: number) => firstChoices('m', { ...known, parameters }, 64e9).recover.map(({ lr }) => lr)
    assert.deepEqual(rateOf(135e6), [2e-3])
    assert.deepEqual(rateOf(0.5e9), [5e-4])
    assert.deepEqual(
      chainFor('both', 1.5e9).map(({ lr }) => lr),
      [5e-4, 5e-4],
    )
    assert.deepEqual(chainFor('refit', 1.5e9), chains.refit)
  })

  it('train biases only where there are some', () => {
    const trained = (biases: boolean) => firstChoices('m', { ...known, biases }, 16e9).recover[0].train
    assert.deepEqual(trained(true), ['bias', 'norm', 'mask_lora'])
    assert.deepEqual(trained(false), ['norm', 'mask_lora'])
  })

  it('take windows of at most as many tokens as the model has positions', () => {
    const length = (maxPositions: number) => firstChoices('m', { ...known, maxPositions }, 16e9).calibration.seq_len
    assert.deepEqual([64, 131_072].map(length), [64, 512])
  })

  it('measure in windows of the model’s context, at most those of the papers', () => {
    const length = (maxPositions: number | null) => firstChoices('m', { ...known, maxPositions }, 16e9).evaluate.seq_len
    assert.deepEqual([64, 1024, 131_072, null].map(length), [64, 1024, 2048, 2048])
  })

  it('calibrate on one text and measure on the held-out one', () => {
    const { calibration, evaluate } = withTexts(firstChoices('m', known, 16e9), texts)
    assert.deepEqual([...calibration.data, ...evaluate.data], texts)
    assert.ok(isHeldOut('/a/wikitext2-test.txt') && !isHeldOut('/test/c4.jsonl'))
  })

  it('name results that do not exist yet', () => {
    const taken = (name: string) => name === 'a' || name === 'a-2'
    assert.equal(freeName('a', '', taken), 'a-3')
    assert.equal(freeName('b', '.x', taken), 'b.x')
    const first = firstChoices('m', known, 16e9)
    const choices = { ...first, prune: first.prune && { ...first.prune, pattern: '2:4' } }
    const exists = (path: string) => path === './opt-alps2of4' || path === './opt-alps2of4-2-pruned'
    assert.equal(freeOutput('opt', choices, exists), './opt-alps2of4-3')
    assert.equal(
      freeOutput('opt', first, () => false),
      './opt-alps50',
    )
  })

  it('become a recipe beside the model: with a free name, and measured in between where the text is short', async () => {
    const vscode = { workspace: {}, l10n: { t: String } }
    type Module = { writtenOf: typeof writtenOf }
    const extension = await extensionModule<Module>('recipe/recipeDefaults.ts', { vscode })
    const facts = await readModelFacts(join(samples, 'opt'))
    const choices = withTexts(firstChoices('./opt', facts, 16e9), texts)
    const long = { ...choices, recover: choices.recover.map((one) => ({ ...one, steps: 4000 })) }
    const { recipe, saveTo } = extension.writtenOf(long, { folder: samples, name: 'opt', facts })
    assert.equal(saveTo, './opt-alps50')
    assert.deepEqual([recipe.save?.to, recipe.save?.pruned], [saveTo, './opt-alps50-pruned'])
    assert.equal(recipe.evaluate?.[0].every, 1000)
    const named = extension.writtenOf({ ...choices, save: { to: ' ./mine ' } }, { folder: samples, name: 'opt', facts })
    assert.deepEqual([named.saveTo, named.recipe.save?.to], ['./mine', './mine'])
  })

  it('write paths relative to the recipe while they are near', async () => {
    const extension = await extensionModule<{ toRecipePath: typeof toRecipePath }>('recipe/recipeDefaults.ts', {
      vscode: { l10n: { t: String } },
    })
    assert.equal(extension.toRecipePath('/a/b', '/a/b/c'), './c')
    assert.equal(extension.toRecipePath('/a/b', '/a/c'), '../c')
    assert.equal(extension.toRecipePath('/a/b/c', '/x/y'), '/x/y')
    assert.equal(extension.toRecipePath('/a/b', '/a/b'), '/a/b')
  })
})
