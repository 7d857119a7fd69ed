import assert from 'node:assert/strict'
import { shareOf, valuesIn } from '../../../webview-ui/recipe/store.ts'

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
