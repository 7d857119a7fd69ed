import assert from 'node:assert/strict'
import { percentages, rates, wholeNumbers } from '../../../webview-ui/recipe/store.ts'

describe('a list of numbers in the form', () => {
  it('makes shares of percentages, and refuses what is none, too large or there twice', () => {
    assert.deepEqual(percentages('30, 45 % 58'), [0.3, 0.45, 0.58])
    for (const bad of ['50, 50', '0', '100', 'half']) assert.equal(percentages(bad), null)
    assert.deepEqual(percentages(''), [])
  })

  it('has rates above zero, each once', () => {
    assert.deepEqual(rates('2e-4, 0.0005 2.0e-3'), [2e-4, 5e-4, 2e-3])
    for (const bad of ['0, 1e-3', '-1e-3', '1e-3 0.001', 'fast']) assert.equal(rates(bad), null)
  })

  it('has whole numbers as seeds', () => {
    assert.deepEqual(wholeNumbers('0; 1, 7'), [0, 1, 7])
    for (const bad of ['-1', '1.5', '1 1']) assert.equal(wholeNumbers(bad), null)
  })
})
