import { deepEqual, equal, ok } from 'node:assert/strict'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { openBackend } from '../../../src/engine/compute/open.ts'
import { createDecoder } from '../../../src/engine/model/decoder.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { Packer } from '../../../src/engine/model/packed.ts'
import { goldenModels } from '../../support/goldens.ts'

/** Sequences that share beginnings in every way: a common start, one inside another, two that are equal, one apart. */
const sequences: [number[], number][] = [
  [[5, 6, 7, 8, 9, 10, 11], 3],
  [[5, 6, 7, 8, 12, 13], 2],
  [[5, 6, 7, 8, 12, 13], 2],
  [[5, 6, 7, 3], 1],
  [[5, 6, 7, 4], 1],
  [[9, 8, 7, 6, 5], 4],
]

describe('packed batches', () => {
  let backend: Backend
  before(async () => void (backend = await openBackend({ device: 'cpu' })))
  after(() => backend.close())

  it('have one row for a beginning that sequences share, and one for equal questions', () => {
    const packer = new Packer(20)
    const pairs = sequences.map(([ids, predicted]) => packer.add(Int32Array.from(ids), predicted))
    const { places, placeOf, pairs: asked } = packer.finish()
    equal(places.batch, 3)
    equal(places.seqLen, 6)
    equal(placeOf.length, 6 + 1 + 4)
    deepEqual(pairs[1], pairs[2])
    equal(asked.target.length, 3 + 2 + 1 + 1 + 4)
    deepEqual(
      [...placeOf].map((place) => places.ids[place]),
      [5, 6, 7, 8, 9, 10, 12, 9, 8, 7, 6],
    )
  })

  for (const { name, path } of goldenModels()) {
    it(`${name}: every score is that of the sequence alone`, async () => {
      const checkpoint = await openCheckpoint(path)
      const decoder = await createDecoder(backend, openModel(checkpoint), { memoryBytes: 2 ** 30 })
      try {
        const packer = new Packer(decoder.model.config.vocabSize)
        const pairs = sequences.map(([ids, predicted]) => packer.add(Int32Array.from(ids), predicted))
        const [{ nll, likeliest }] = await decoder.forwardPacked([packer.finish()])
        for (const [i, [ids, predicted]] of sequences.entries()) {
          const batch = { batch: 1, seqLen: ids.length, ids: Int32Array.from(ids), mask: null, labels: null }
          const [alone] = await decoder.forwardNll([batch])
          pairs[i].forEach((pair, p) => {
            const expected = alone[ids.length - 1 - predicted + p]
            ok(Math.abs(nll[pair] - expected) < 1e-4, `${i}: ${nll[pair]} against ${expected}`)
            ok(likeliest[pair] === 0 || nll[pair] < Math.log(decoder.model.config.vocabSize))
          })
        }
      } finally {
        await decoder.close()
        await checkpoint.close()
      }
    })
  }
})
