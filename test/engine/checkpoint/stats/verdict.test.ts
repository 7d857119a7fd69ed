import assert from 'node:assert/strict'
import { verdictOf } from '../../../../src/engine/checkpoint/stats/compareCheckpoints.ts'

describe('verdict of a comparison without a mask', () => {
  const counts = { shared: 2, matrices: 2, broken: 0, brokenWeights: 0, stale: 0, lost: 0, prunes: false }
  const change = {
    maxAbs: 1,
    drift: 0.5,
    filled: 0,
    role: 'linear' as const,
    block: 0,
    module: 'fc1',
    parameters: 100,
    shape: [10, 10],
  }
  const summary = { added: [], removed: [], reshaped: [], same: 1, maskPreserved: null }

  it('says how much B has pruned', () => {
    const changed = [{ ...change, name: 'fc1.weight', emptied: 70 }]
    assert.match(verdictOf({ ...summary, changed }, counts), /70\.0. % of the weights of 1 of 2 .*nothing was refilled/)
  })

  it('says that there is no mask where B prunes nothing', () => {
    const changed = [{ ...change, name: 'fc1.weight', emptied: 0 }]
    assert.match(verdictOf({ ...summary, changed }, counts), /^No mask, nothing to compare/)
  })
})
