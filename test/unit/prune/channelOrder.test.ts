// Orders of channels for N:M pruning: permutations that lose less, and the assignment that they are found by.
import assert from 'node:assert/strict'
import { assign, channelOrder, type ChannelScores } from '../../../src/engine/prune/channelOrder.ts'
import { createRng } from '../../../src/engine/rng.ts'

function drawn(channels: number, rows: number, purpose: string): ChannelScores {
  const rng = createRng(3, purpose)
  // Columns of different sizes: what reordering makes use of.
  const sizes = Array.from({ length: channels }, () => Math.exp(rng.normal()))
  const values = Float32Array.from(
    { length: channels * rows },
    (_, i) => sizes[Math.floor(i / rows)] * rng.normal() ** 2,
  )
  return { values, channels, rows }
}

/** What an N:M mask of the channels in this order would prune. */
function lost({ values, rows }: ChannelScores, order: ArrayLike<number>, n: number, m: number): number {
  let sum = 0
  for (let start = 0; start < order.length; start += m)
    for (let row = 0; row < rows; row++) {
      const group = Array.from({ length: m }, (_, i) => values[order[start + i] * rows + row]).sort((a, b) => a - b)
      sum += group.slice(0, n).reduce((a, b) => a + b, 0)
    }
  return sum
}

describe('channelOrder', () => {
  for (const [n, m] of [
    [2, 4],
    [1, 2],
    [4, 8],
    [1, 4],
  ])
    it(`${n}:${m} loses less in the new order, which has each channel once and depends on the seed alone`, async () => {
      const scores = drawn(64, 24, `${n}:${m}`)
      const order = await channelOrder(scores, { n, m }, createRng(0, 'order'))
      const given = Int32Array.from({ length: 64 }, (_, i) => i)
      assert.deepEqual(
        [...order].sort((a, b) => a - b),
        [...given],
      )
      assert.ok(lost(scores, order, n, m) < 0.95 * lost(scores, given, n, m))
      assert.deepEqual(await channelOrder(scores, { n, m }, createRng(0, 'order')), order)
    })

  it('finds the best pairs of four channels, as trying all of them does', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const scores = drawn(4, 5, `pairs ${seed}`)
      const best = Math.min(
        ...[
          [0, 1, 2, 3],
          [0, 2, 1, 3],
          [0, 3, 1, 2],
        ].map((order) => lost(scores, order, 1, 2)),
      )
      const order = await channelOrder(scores, { n: 1, m: 2 }, createRng(seed, 'order'))
      assert.ok(Math.abs(lost(scores, order, 1, 2) - best) <= 1e-6 * best)
    }
  })

  it('stops when it is cancelled', async () => {
    await assert.rejects(channelOrder(drawn(8, 2, 'stop'), { n: 2, m: 4 }, createRng(0, ''), AbortSignal.abort()), {
      code: 'cancelled',
    })
  })
})

describe('assign', () => {
  const orders = (size: number): number[][] =>
    size === 0
      ? [[]]
      : orders(size - 1).flatMap((rest) => Array.from({ length: size }, (_, at) => rest.toSpliced(at, 0, size - 1)))

  it('has the largest sum of all assignments, ties and negative gains included', () => {
    for (let size = 1; size <= 6; size++)
      for (let seed = 0; seed < 10; seed++) {
        const rng = createRng(seed, `assign ${size}`)
        const gains = Float64Array.from({ length: size * size }, () => (seed < 5 ? rng.normal() : rng.below(3)))
        const sum = (columns: ArrayLike<number>) =>
          Array.from(columns).reduce((total, column, row) => total + gains[row * size + column], 0)
        const columns = assign(gains, size)
        assert.equal(new Set(columns).size, size)
        assert.ok(Math.abs(sum(columns) - Math.max(...orders(size).map(sum))) < 1e-9)
      }
  })
})
