// The order of channels in which N:M pruning loses least: channels that matter to the same rows go into different groups of M
// (docs/methods.md, "Reordered channels"; Zhang et al., ICLR 2024, channel permutation).
import type { NmPattern } from '../../catalog/formats/sparsity.ts'
import { exchangeRounds, mostExchanging } from '../../plan/pruneCost.ts'
import { breathe } from '../breathe.ts'
import { type Rng, shuffle } from '../rng.ts'

/** values [channels, rows]: the loss where the weight of a channel in a row is pruned, ≥ 0. */
export interface ChannelScores {
  readonly values: Float32Array
  readonly channels: number
  readonly rows: number
}

/** Channels by their new places; groups are M consecutive places. `channels` is a multiple of M. */
export async function channelOrder(
  scores: ChannelScores,
  pattern: NmPattern,
  rng: Rng,
  signal?: AbortSignal,
): Promise<Int32Array> {
  const order = deal(scores, pattern.m)
  const groups = Int32Array.from({ length: scores.channels / pattern.m }, (_, group) => group)
  for (let round = 0; round < exchangeRounds && groups.length > 1; round++) {
    shuffle(groups, rng)
    for (let start = 0; start < groups.length; start += mostExchanging) {
      await breathe(signal)
      exchange(scores, pattern, order, groups.subarray(start, start + mostExchanging), rng)
    }
  }
  return order
}

/** Channels by their sums, the largest first, dealt to the groups in turns, forwards and backwards. */
function deal({ values, channels, rows }: ChannelScores, m: number): Int32Array {
  const sums = Float64Array.from({ length: channels }, (_, c) =>
    values.subarray(c * rows, (c + 1) * rows).reduce((sum, value) => sum + value, 0),
  )
  const ranked = Int32Array.from(sums.keys()).sort((a, b) => sums[b] - sums[a] || a - b)
  const count = channels / m
  const order = new Int32Array(channels)
  ranked.forEach((channel, i) => {
    const [turn, place] = [Math.floor(i / count), i % count]
    order[(turn % 2 === 0 ? place : count - 1 - place) * m + turn] = channel
  })
  return order
}

/** Takes a random channel out of each group, and puts them back by the assignment that keeps the largest sum of scores. */
function exchange(
  { values, rows }: ChannelScores,
  { n, m }: NmPattern,
  order: Int32Array,
  groups: Int32Array,
  rng: Rng,
): void {
  const places = Int32Array.from(groups, (group) => group * m + rng.below(m))
  const out = places.map((place) => order[place])
  const size = groups.length
  const gains = new Float64Array(size * size)
  const least = new Float32Array(rows)
  groups.forEach((group, i) => {
    const rest = order.slice(group * m, (group + 1) * m).filter((channel) => channel !== out[i])
    leastKept(least, values, rest, m - n)
    out.forEach((channel, j) => (gains[i * size + j] = gainOf(values, channel * rows, least)))
  })
  assign(gains, size).forEach((j, i) => (order[places[i]] = out[j]))
}

/** For each row, the `kept`-th largest score of the channels, which another channel must exceed to be kept. */
function leastKept(least: Float32Array, values: Float32Array, channels: Int32Array, kept: number): void {
  const rows = least.length
  const largest = new Float64Array(kept)
  for (let row = 0; row < rows; row++) {
    largest.fill(-1)
    for (const channel of channels) {
      const value = values[channel * rows + row]
      let at = kept - 1
      if (value <= largest[at]) continue
      for (; at > 0 && value > largest[at - 1]; at--) largest[at] = largest[at - 1]
      largest[at] = value
    }
    least[row] = largest[kept - 1]
  }
}

/** Σ max(0, score − least) over the rows. (x + |x|) / 2 avoids mispredicted branches, and four independent sums run in parallel. */
function gainOf(values: Float32Array, start: number, least: Float32Array): number {
  const whole = least.length - (least.length % 4)
  let [a, b, c, d] = [0, 0, 0, 0]
  for (let row = 0; row < whole; row += 4) {
    const w = values[start + row] - least[row]
    const x = values[start + row + 1] - least[row + 1]
    const y = values[start + row + 2] - least[row + 2]
    const z = values[start + row + 3] - least[row + 3]
    a += w + Math.abs(w)
    b += x + Math.abs(x)
    c += y + Math.abs(y)
    d += z + Math.abs(z)
  }
  for (let row = whole; row < least.length; row++) a += 2 * Math.max(0, values[start + row] - least[row])
  return (a + b + (c + d)) / 2
}

/** The column of each row in the assignment with the largest sum of gains [size, size] (Hungarian method with potentials, O(size³)). */
export function assign(gains: Float64Array, size: number): Int32Array {
  // Row and column 0 stand for "none"; `rowOf[column]` is the row assigned to it.
  const [u, v] = [new Float64Array(size + 1), new Float64Array(size + 1)]
  const rowOf = new Int32Array(size + 1)
  const before = new Int32Array(size + 1)
  const slack = new Float64Array(size + 1)
  const visited = new Uint8Array(size + 1)
  for (let row = 1; row <= size; row++) {
    rowOf[0] = row
    slack.fill(Infinity)
    visited.fill(0)
    let column = 0
    while (rowOf[column] !== 0) {
      visited[column] = 1
      const own = rowOf[column]
      let [delta, next] = [Infinity, 0]
      for (let j = 1; j <= size; j++) {
        if (visited[j]) continue
        const cost = -gains[(own - 1) * size + j - 1] - u[own] - v[j]
        if (cost < slack[j]) {
          slack[j] = cost
          before[j] = column
        }
        if (slack[j] < delta) {
          delta = slack[j]
          next = j
        }
      }
      for (let j = 0; j <= size; j++) {
        if (visited[j]) {
          u[rowOf[j]] += delta
          v[j] -= delta
        } else slack[j] -= delta
      }
      column = next
    }
    for (; column !== 0; column = before[column]) rowOf[column] = rowOf[before[column]]
  }
  const columns = new Int32Array(size)
  for (let j = 1; j <= size; j++) columns[rowOf[j] - 1] = j - 1
  return columns
}
