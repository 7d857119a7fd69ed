import assert from 'node:assert/strict'
import { learningRate, warmupSteps } from '../../../src/engine/recover/optimiser.ts'

describe('learning-rate schedule', () => {
  it('warms up over ceil(0.1 n) steps when retraining and int(0.1 n) when reconstructing', () => {
    assert.deepEqual(
      [1, 9, 10, 11, 30, 70].map((n) => [warmupSteps('retrain', n), warmupSteps('reconstruct', n)]),
      [
        [1, 0],
        [1, 0],
        [1, 1],
        [2, 1],
        [3, 3],
        [7, 7],
      ],
    )
  })

  it('starts at 0 with a warm-up, reaches the peak after it, and would reach 0 at the step after the last', () => {
    const rates = Array.from({ length: 11 }, (_, step) => learningRate(2, step, 10, 2))
    assert.deepEqual(rates.slice(0, 3), [0, 1, 2])
    assert.equal(rates[6], 1)
    assert.equal(rates[10], 0)
  })

  it('starts at the peak without a warm-up', () => {
    assert.equal(learningRate(3, 0, 5, 0), 3)
  })
})
