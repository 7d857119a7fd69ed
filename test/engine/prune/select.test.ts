// What radix selection prunes, against a sort of all scores.
import assert from 'node:assert/strict'
import { upload } from '../../../src/engine/compute/backend.ts'
import { openReference } from '../../support/reference/backend.ts'
import { referencePrune } from '../../support/reference/prune.ts'
import { uploadScale } from '../../../src/engine/prune/methods/hessian.ts'
import { countScores, findLimit, rankOf, type CountGroup } from '../../../src/engine/prune/select.ts'
import { maskWords } from '../../../src/catalog/formats/maskFile.ts'
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

function limitOf(values: number[], rank: number, selection: 'exact' | 'perp', scale: Float64Array | null = null) {
  const weight = upload(backend, 'f32', [1, values.length], Float32Array.from(values))
  const scored = { weight, scale: scale && uploadScale({ ...backend, prune: kernels }, scale), columns: null }
  const count: CountGroup = (counts, digit) => countScores(kernels, counts, scored, digit, 'w')
  return { scored, limit: findLimit(kernels.traits, count, values.length, rank, selection, scale !== null) }
}

/** Which of one row's scores a limit prunes. */
async function pruned({ scored, limit }: ReturnType<typeof limitOf>) {
  const columns = scored.weight.length
  const mask = upload(backend, 'u32', [1, maskWords(columns)], new Uint32Array(maskWords(columns)))
  await kernels.maskBelow(mask, scored, await limit)
  const words = await backend.read(mask)
  return Array.from({ length: columns }, (_, i) => i).filter((i) => !((words[i >> 5] >>> (i & 31)) & 1))
}

describe('radix selection', () => {
  for (const [what, values] of Object.entries(groups))
    for (const scaled of [false, true])
      it(`prunes the k smallest of ${what}${scaled ? ', scaled' : ''}, for every k`, async () => {
        // Near 1: many products round to the same f32.
        const scale = scaled ? Float64Array.from(values, (_, i) => 1 + ((i * 7) % 11) * 2 ** -27) : null
        const scores = Float64Array.from(values, (v, i) => Math.abs(Math.fround(v)) * (scale?.[i] ?? 1))
        const order = [...scores.keys()].sort((a, b) => scores[a] - scores[b] || a - b)
        for (const k of new Set([0, 1, 2, 5, Math.floor(values.length / 2), values.length - 1, values.length])) {
          if (k > values.length) continue
          const wanted = order.slice(0, k).sort((a, b) => a - b)
          assert.deepEqual(await pruned(limitOf(values, k, 'exact', scale)), wanted)
          const withTies = k ? [...scores.keys()].filter((i) => scores[i] <= scores[order[k - 1]]) : []
          assert.deepEqual(await pruned(limitOf(values, k, 'perp', scale)), withTies)
        }
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
      await assert.rejects(limitOf([1, bad, 2], 1, 'exact').limit, {
        code: 'numeric',
        message: /^w: 1 pruning scores are not finite/,
      })
  })
})
