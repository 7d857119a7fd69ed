import assert from 'node:assert/strict'
import { reconstructGuard, rememberLoss, retrainGuard, type LossGuard } from '../../../src/engine/recover/divergence.ts'
import { createRng } from '../../../src/engine/rng.ts'

const firstPassed = (guard: LossGuard, losses: number[]) => losses.findIndex((loss) => guard.passed(loss) !== null)

describe('divergence', () => {
  it('stops retraining at once by one loss far above guessing', () => {
    assert.equal(firstPassed(retrainGuard(50000), [4, 4, 22]), 2)
    assert.equal(firstPassed(retrainGuard(50000), [4, 4, 21]), -1)
  })

  it('stops retraining by a loss that settles at twice its beginning, not by noise', () => {
    const rise = Array.from({ length: 100 }, (_, i) => Math.min(12, 4 + 0.2 * i))
    const stopped = firstPassed(retrainGuard(50000), rise)
    assert.ok(stopped > 20 && stopped < 60, String(stopped))
    const rng = createRng(1, 'noise')
    const noisy = Array.from({ length: 500 }, (_, i) => 6 - i / 200 + 2 * rng.uniform())
    assert.equal(firstPassed(retrainGuard(50000), noisy), -1)
  })

  it('is judged by earlier losses too in a resumed retraining', () => {
    const rng = createRng(2, 'resumed')
    const losses = Array.from({ length: 120 }, (_, i) => Math.min(12, 4 + 0.1 * i + rng.uniform()))
    const whole = retrainGuard(50000)
    const limits = losses.map((loss) => whole.passed(loss))
    assert.ok(limits.some((limit) => limit !== null))
    for (const stop of [0, 5, 10, 25, 30, 47]) {
      const remembered: number[] = []
      losses.slice(0, stop).forEach((loss) => rememberLoss(remembered, loss))
      assert.ok(remembered.length <= 30)
      const resumed = retrainGuard(50000, remembered)
      assert.deepEqual(
        losses.slice(stop).map((loss) => resumed.passed(loss)),
        limits.slice(stop),
      )
    }
  })

  it('stops reconstruction at four times the error that pruning left, not at single hard windows', () => {
    const guard = () => reconstructGuard(() => 1, 50)
    assert.equal(firstPassed(guard(), Array<number>(30).fill(5)), 19)
    assert.equal(
      firstPassed(
        guard(),
        Array.from({ length: 60 }, (_, i) => (i % 10 ? 0.5 : 20)),
      ),
      -1,
    )
    assert.equal(firstPassed(guard(), [1, 101]), 1)
  })

  it('is not a window that was far worse than the others before training', () => {
    const losses = Array.from({ length: 60 }, (_, i) => (i === 30 ? 250 : 1))
    assert.equal(
      firstPassed(
        reconstructGuard((step) => (step === 30 ? 260 : 1.2), 16),
        losses,
      ),
      -1,
    )
    assert.equal(
      firstPassed(
        reconstructGuard(() => 1.2, 16),
        losses,
      ),
      30,
    )
  })

  it('is not rounding in a block that pruning left as it was', () => {
    assert.equal(
      firstPassed(
        reconstructGuard(() => 0, 1),
        Array<number>(50).fill(1e-9),
      ),
      -1,
    )
  })
})
