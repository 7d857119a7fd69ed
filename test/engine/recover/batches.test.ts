import assert from 'node:assert/strict'
import { requireBatches, rowsOfBatch, rowsOfStep } from '../../../src/engine/recover/batches.ts'

describe('requireBatches', () => {
  it('allows as many windows in a batch, and batches in a step, as there are windows', () =>
    assert.doesNotThrow(() => requireBatches(8, 8, 8)))

  it('refuses more, with the numbers', () => {
    assert.throws(() => requireBatches(8, 1e9, 1), {
      code: 'bad-recipe',
      message: /batch_size is 1000000000.*use at most 8/,
    })
    assert.throws(() => requireBatches(8, 1, 9), { code: 'bad-recipe', message: /grad_accumulation is 9/ })
  })
})

describe('row order', () => {
  const order = { windows: 5, batchSize: 2, gradAccumulation: 2, shuffleSeed: null }

  it('takes the next rows in order and wraps around, across accumulated batches too', () => {
    const seen = [0, 1, 2].flatMap((step) => [0, 1].map((part) => rowsOfBatch(order, step, part)))
    assert.deepEqual(seen, [
      [0, 1],
      [2, 3],
      [4, 0],
      [1, 2],
      [3, 4],
      [0, 1],
    ])
  })

  it('shows every row once a round when shuffled, in a new order each round, equal for equal seeds', () => {
    const shuffled = { windows: 8, batchSize: 4, gradAccumulation: 1, shuffleSeed: 7 }
    const round = (first: number) => [first, first + 1].flatMap((step) => rowsOfBatch(shuffled, step, 0))
    for (const rows of [round(0), round(2)]) assert.deepEqual([...rows].sort(), [0, 1, 2, 3, 4, 5, 6, 7])
    assert.notDeepEqual(round(0), round(2))
    assert.deepEqual(round(0), round(0))
    assert.notDeepEqual(
      round(0),
      [0, 1].flatMap((step) => rowsOfBatch({ ...shuffled, shuffleSeed: 8 }, step, 0)),
    )
  })

  it('keeps the rows of a step, a batch at a time, in parts where a batch is too much at once', () => {
    const wide = { ...order, batchSize: 3 }
    assert.deepEqual(rowsOfStep(wide, 1, 3), [
      [1, 2, 3],
      [4, 0, 1],
    ])
    assert.deepEqual(rowsOfStep(wide, 1, 2), [[1, 2], [3], [4, 0], [1]])
  })
})
