import assert from 'node:assert/strict'
import { recipeText } from '../../../src/recipe/writing/recipeText.ts'
import { fieldAt, percentages, rates, wholeNumbers } from '../../../webview-ui/recipe/fieldsOfText.ts'

const text = recipeText({
  model: './opt',
  method: 'wanda',
  pattern: 'unstructured',
  sparsity: 0.5,
  recoveries: ['reconstruct', 'retrain'],
  train: ['norm'],
  data: './train.jsonl',
  evaluateOn: './evaluation.txt',
  evaluationLen: 1024,
  blocks: 12,
  field: null,
  seqLen: 512,
  samples: 128,
  steps: 10,
  saveTo: './out',
  compare: { path: 'prune.0.sparsity', values: [0.4, 0.5] },
})

describe('fields of the form', () => {
  it('every line of a recipe belongs to the field that writes it', () => {
    const lines = text.split('\n')
    const of = (part: string, from = 0) =>
      fieldAt(
        text,
        lines.findIndex((line, i) => i >= from && line.includes(part)),
      )
    assert.equal(of('method: wanda'), 'method')
    assert.equal(of('sparsity: 0.5'), 'sparsity')
    assert.equal(of('train.jsonl'), 'data')
    assert.equal(of('samples: 128'), 'windows')
    assert.equal(of('mode: reconstruct'), 'recovery')
    assert.equal(of('train: [norm]'), 'train')
    assert.equal(of('steps: 10'), 'steps')
    assert.equal(of('evaluation.txt'), 'evaluation')
    assert.equal(of('seq_len: 1024'), 'evaluation')
    assert.equal(of('to: "./out"'), 'output')
    assert.equal(of('prune.0.sparsity'), 'compared')
    assert.equal(of('model:'), 'recipe')
    assert.equal(of('data:', lines.indexOf('recover:')), 'data')
  })

  it('percentages become shares without stray digits; what is none, too large or there twice is refused', () => {
    assert.deepEqual(percentages('30, 45 % 58'), [0.3, 0.45, 0.58])
    for (const bad of ['50, 50', '0', '100', 'half']) assert.equal(percentages(bad), null)
    assert.deepEqual(percentages(''), [])
  })

  it('rates are more than zero, each once', () => {
    assert.deepEqual(rates('2e-4, 0.0005 2.0e-3'), [2e-4, 5e-4, 2e-3])
    for (const bad of ['0, 1e-3', '-1e-3', '1e-3 0.001', 'fast']) assert.equal(rates(bad), null)
  })

  it('seeds are whole numbers', () => {
    assert.deepEqual(wholeNumbers('0; 1, 7'), [0, 1, 7])
    for (const bad of ['-1', '1.5', '1 1']) assert.equal(wholeNumbers(bad), null)
  })
})
