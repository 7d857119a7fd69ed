import assert from 'node:assert/strict'
import { percentages, rates, wholeNumbers } from '../../../webview-ui/recipe/store.ts'

describe('lists of numbers in the form', () => {
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
