// A device that ran out of memory takes fewer rows at a time: measurements come out the same.
import assert from 'node:assert/strict'
import { type Backend, RowLimit } from '../../../src/engine/compute/backend.ts'
import { openReference } from '../../support/reference/backend.ts'
import { evaluatePerplexity } from '../../../src/engine/evaluate/perplexity.ts'
import { scoreQuestions } from '../../../src/engine/evaluate/tasks/logLikelihoods.ts'
import { createDecoder, type Decoder } from '../../../src/engine/model/decoder.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { createMemoryCheckpoint, smallLlama } from '../../support/memoryCheckpoint.ts'

/** Results of `measure` without a limit, and with one of so many rows; and the batches of the latter. */
async function both<T>(rows: number, memoryBytes: number, measure: (decoder: Decoder) => Promise<T>) {
  const found: T[] = []
  let batches: number[] = []
  for (const limited of [false, true]) {
    const rowLimit = new RowLimit()
    rowLimit.take(2 * rows, 1)
    rowLimit.halve()
    const backend: Backend = { ...openReference(), ...(limited && { rowLimit }) }
    const decoder = await createDecoder(backend, openModel(createMemoryCheckpoint(smallLlama)), { memoryBytes })
    batches = []
    const counted: Decoder = {
      ...decoder,
      forwardNll: (all, pass) => (batches.push(...all.map(({ batch }) => batch)), decoder.forwardNll(all, pass)),
      forwardPacked: (all, pass) => (
        batches.push(...all.map(({ places }) => places.ids.length)),
        decoder.forwardPacked(all, pass)
      ),
    }
    found.push(await measure(counted))
    await decoder.close()
  }
  return { found, batches }
}

const idsOf = (count: number, from: number) => Int32Array.from({ length: count }, (_, i) => 3 + ((from + 7 * i) % 15))

describe('measuring with fewer rows at a time', () => {
  for (const memoryBytes of [1e9, 1])
    it(`perplexity is the same, ${memoryBytes > 1 ? 'blocks resident' : 'blocks read again'}`, async () => {
      const set = { ids: idsOf(7 * 8, 0), mask: null, labels: null, windows: 7, seqLen: 8 }
      const measure = async (decoder: Decoder) => (await evaluatePerplexity(decoder, set)).loss
      const { found, batches } = await both(16, memoryBytes, measure)
      assert.ok(Math.abs(found[0] - found[1]) < 1e-9)
      assert.deepEqual(batches, [2, 2, 2, 1])
    })

  it('gives answers the same likelihoods', async () => {
    const questions = Array.from({ length: 6 }, (_, q) => ({
      choices: [0, 1].map((c) => ({ ids: idsOf(8, 3 * q + c), predicted: 2, length: 1 })),
      gold: 0,
    }))
    const { found, batches } = await both(16, 1e9, (decoder) => scoreQuestions(decoder, questions))
    assert.ok(batches.length > 3 && batches.every((places) => places <= 16))
    for (const [q, choices] of found[0].entries())
      for (const [c, { logLikelihood }] of choices.entries())
        assert.ok(Math.abs(found[1][q][c].logLikelihood - logLikelihood) < 1e-9)
  })
})
