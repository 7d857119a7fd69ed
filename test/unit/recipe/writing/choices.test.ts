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
  withTexts,
} from '../../../../src/recipe/writing/choices.ts'
import type { toRecipePath } from '../../../../src/extension/recipe/recipeDefaults.ts'
import { recipeText } from '../../../../src/recipe/writing/recipeText.ts'
import { extensionModule } from '../../../support/extensionModule.ts'

const samples = fileURLToPath(new URL('../../../../samples', import.meta.url))
const texts = ['./text/train.jsonl', './text/evaluation.txt']

describe('first choices of a recipe', () => {
  for (const model of ['opt', 'llama'])
    for (const { name, fits: _, ...preset } of [...presetsFor(true), presetsFor(false)[1]])
      it(`for the sample ${model}, ${name} by ${preset.recoveries.join(' and ')} writes a recipe without a finding`, async () => {
        const facts = await readModelFacts(join(samples, model))
        const filled = { ...withTexts(firstChoices(`./${model}`, facts, 16e9), texts), ...preset }
        const { findings } = await lintText(recipeText({ ...filled, saveTo: './out' }), { folder: samples })
        assert.deepEqual(
          findings.filter(({ severity }) => severity === 'error' || severity === 'warning').map((f) => f.message),
          [],
        )
      })

  for (const model of ['opt', 'llama'])
    for (const found of [texts, []])
      it(`for the sample ${model} with ${found.length} texts make a recipe without a finding`, async () => {
        const facts = await readModelFacts(join(samples, model))
        const filled = withTexts(firstChoices(`./${model}`, facts, 16e9), found)
        const text = recipeText({ ...filled, saveTo: freeOutput(model, filled, () => false) })
        const { findings } = await lintText(text, { folder: samples })
        assert.deepEqual(
          findings.filter(({ severity }) => severity === 'error' || severity === 'warning').map((f) => f.message),
          [],
        )
      })

  it('are Balanced: retrained where the model fits into memory, else reconstructed block by block', () => {
    const known = (parameters: number) => ({ biases: false, maxPositions: null, blocks: 12, parameters })
    assert.ok(canRetrain(known(135e6), 16e9) && !canRetrain(known(7e9), 16e9))
    assert.deepEqual(firstChoices('m', known(135e6), 16e9).recoveries, ['retrain'])
    assert.deepEqual(firstChoices('m', known(30e12), 16e9).recoveries, ['reconstruct'])
    assert.deepEqual(
      [135e6, 30e12].map((n) => firstChoices('m', known(n), 16e9)).map(({ method, loss }) => [method, loss]),
      [
        ['alps', 'half'],
        ['alps', 'half'],
      ],
    )
  })

  it('train biases only where there are some', () => {
    assert.ok(
      firstChoices('m', { biases: true, maxPositions: null, blocks: 12, parameters: 1e6 }, 16e9).train.includes('bias'),
    )
    assert.ok(
      !firstChoices('m', { biases: false, maxPositions: null, blocks: 12, parameters: 1e6 }, 16e9).train.includes(
        'bias',
      ),
    )
  })

  it('take no longer windows than the model has positions', () => {
    assert.equal(firstChoices('m', { biases: false, maxPositions: 64, blocks: 12, parameters: 1e6 }, 16e9).seqLen, 64)
    assert.equal(
      firstChoices('m', { biases: false, maxPositions: 131_072, blocks: 12, parameters: 1e6 }, 16e9).seqLen,
      512,
    )
  })

  it('measure in windows of the model’s context, at most those of the papers', () => {
    const length = (maxPositions: number | null) =>
      firstChoices('m', { biases: false, maxPositions, blocks: 12, parameters: 1e6 }, 16e9).evaluationLen
    assert.deepEqual([64, 1024, 131_072, null].map(length), [64, 1024, 2048, 2048])
  })

  it('calibrate on one text and measure on the held-out one', () => {
    const { data, evaluateOn } = withTexts(
      firstChoices('m', { biases: false, maxPositions: null, blocks: 12, parameters: 1e6 }, 16e9),
      texts,
    )
    assert.deepEqual([data, evaluateOn], texts)
    assert.ok(isHeldOut('/a/wikitext2-test.txt') && !isHeldOut('/test/c4.jsonl'))
  })

  it('name results that do not exist yet', () => {
    const taken = (name: string) => name === 'a' || name === 'a-2'
    assert.equal(freeName('a', '', taken), 'a-3')
    assert.equal(freeName('b', '.x', taken), 'b.x')
    assert.equal(
      freeOutput(
        'opt',
        {
          ...firstChoices('m', { biases: true, maxPositions: null, blocks: 12, parameters: 1e6 }, 16e9),
          pattern: '2:4',
        },
        (path) => path === './opt-alps2of4' || path === './opt-alps2of4-2-pruned',
      ),
      './opt-alps2of4-3',
    )
  })

  it('write paths relative to the recipe while they are near', async () => {
    const extension = await extensionModule<{ toRecipePath: typeof toRecipePath }>('recipe/recipeDefaults.ts', {
      vscode: {},
    })
    assert.equal(extension.toRecipePath('/a/b', '/a/b/c'), './c')
    assert.equal(extension.toRecipePath('/a/b', '/a/c'), '../c')
    assert.equal(extension.toRecipePath('/a/b/c', '/x/y'), '/x/y')
    assert.equal(extension.toRecipePath('/a/b', '/a/b'), '/a/b')
  })
})
