import assert from 'node:assert/strict'
import { rankCorrelation } from '../../../bench/sensitivity.ts'

describe('rank correlation', () => {
  it('is of the order alone, 1 for the same and −1 for the opposite', () => {
    assert.equal(rankCorrelation([1, 2, 3, 4], [10, 20, 25, 1000]), 1)
    assert.equal(rankCorrelation([1, 2, 3, 4], [9, 5, 2, 1]), -1)
    assert.ok(Math.abs(rankCorrelation([1, 2, 3, 4, 5], [2, 1, 4, 3, 5]) - 0.8) < 1e-12)
  })

  it('gives equal values the mean of their places', () => {
    assert.ok(Math.abs(rankCorrelation([1, 2, 2, 3], [1, 2, 3, 4]) - Math.sqrt(0.9)) < 1e-12)
  })
})
