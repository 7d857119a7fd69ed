import assert from 'node:assert/strict'
import { requireBatches } from '../../../src/engine/recover/batches.ts'

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
