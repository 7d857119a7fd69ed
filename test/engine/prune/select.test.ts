// The limit found by radix selection against a sort of all scores.
import assert from 'node:assert/strict'
import { upload } from '../../../src/engine/compute/backend.ts'
import { openReference } from '../../../src/engine/compute/reference/backend.ts'
import { referencePrune } from '../../../src/engine/compute/reference/prune.ts'
import { countScores, findLimit, rankOf } from '../../../src/engine/prune/select.ts'
import { createRng } from '../../../src/engine/rng.ts'

const backend = openReference()
const kernels = referencePrune(backend)
const rng = createRng(3, 'select')

const groups: Record<string, number[]> = {
  'one score': [0.3],
  'equal scores': [1, 1, 1, 1, 1],
  'zeros of both signs and the smallest numbers': [0, -0, 1e-45, -1e-45, 0, 1e-38],
  'neighbouring numbers': Array.from({ length: 64 }, (_, i) => 1 + (i % 9) * 2 ** -23),
  'normal numbers': Array.from({ length: 997 }, () => rng.normal()),
  'all sizes': Array.from({ length: 300 }, (_, i) => 10 ** ((i % 76) - 38)),
}

function limitOf(values: number[], rank: number, selection: 'exact' | 'perp') {
  const weight = upload(backend, 'f32', [1, values.length], Float32Array.from(values))
  const scored = { weight, scale: null, columns: null }
  return findLimit((counts, digit) => countScores(kernels, counts, scored, digit, 'w'), values.length, rank, selection)
}

describe('radix selection', () => {
  for (const [what, values] of Object.entries(groups))
    it(`finds the k-th of ${what}, for every k`, async () => {
      const sorted = Float32Array.from(values, (v) => Math.abs(v)).sort()
      for (const k of new Set(
        [1, 2, Math.floor(values.length / 2), values.length].filter((k) => k > 0 && k <= values.length),
      )) {
        const score = sorted[k - 1]
        const below = sorted.filter((s) => s < score).length
        assert.deepEqual(await limitOf(values, k, 'exact'), { score, ties: k - below })
        assert.deepEqual(await limitOf(values, k, 'perp'), { score, ties: Infinity })
      }
    })

  it('prunes nothing for k = 0', async () => {
    assert.deepEqual(await limitOf([0, 0, 1], 0, 'exact'), { score: 0, ties: 0 })
  })

  it('rounds half up, and perp takes one more than int(n·s)', () => {
    assert.deepEqual(
      [
        [48, 0.6],
        [5, 0.5],
        [1, 0.5],
        [1, 0.49],
        [2304, 0.5],
      ].map(([n, s]) => [rankOf('exact', n, s), rankOf('perp', n, s)]),
      [
        [29, 29],
        [3, 3],
        [1, 1],
        [0, 1],
        [1152, 1153],
      ],
    )
  })

  it('refuses scores that are not finite, and names the tensor', async () => {
    for (const bad of [NaN, Infinity, -Infinity])
      await assert.rejects(limitOf([1, bad, 2], 1, 'exact'), {
        code: 'numeric',
        message: /^w: 1 pruning scores are not finite/,
      })
  })
})
