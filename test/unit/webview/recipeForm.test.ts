import assert from 'node:assert/strict'
import type { RecipeStart } from '../../../src/protocol/view.ts'
import { begin, form, shareOf, valuesIn } from '../../../webview-ui/recipe/store.ts'

describe('a list of numbers in the form', () => {
  it('has numbers, and other text as it is', () => {
    assert.deepEqual(valuesIn('30, 45 % 58'), [30, 45, 58])
    assert.deepEqual(valuesIn('2e-4; 0.0005 fast'), [2e-4, 5e-4, 'fast'])
    assert.deepEqual(valuesIn(' '), [])
  })

  it('makes shares of percentages without the digits that a division adds', () => {
    assert.deepEqual([30, 45, 58, 29].map(shareOf), [0.3, 0.45, 0.58, 0.29])
  })
})

describe('the form of a recipe that is shown again', () => {
  it('offers a text that came meanwhile, and still those that were browsed for', () => {
    const start = (texts: string[]) => ({ choices: { calibration: { data: [] } }, texts }) as unknown as RecipeStart
    begin(start(['./a.txt']), null)
    const kept = form.value
    assert.ok(kept)
    begin(start(['./a.txt', './new.jsonl']), { ...kept, texts: [...kept.texts, '/browsed.txt'] })
    assert.deepEqual(form.value?.texts, ['./a.txt', './new.jsonl', '/browsed.txt'])
  })
})
