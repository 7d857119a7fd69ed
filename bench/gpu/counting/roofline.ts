// Seconds that counted kernels would take on a card: each dispatch as long as its arithmetic at the card's rate by the share of its
// lanes that have work, its bytes at the card's bandwidth, the steps that a lane takes one after the other, or its launch, whichever is most.
import type { Card } from './cards.ts'
import type { WorkCounts } from './likeKernels.ts'

/** Seconds of an empty dispatch. */
const launch = 5e-6
/** Seconds of a step: loads from the card's memory, a barrier, and what is done with them. Loads alone take 0.3 to 0.7 µs on large cards. */
const step = 0.5e-6
/** Lanes that keep a multiprocessor busy: two subgroups for each of its four schedulers. With fewer it reaches their share of its rate. */
const busyLanes = 256
/** Lanes that a multiprocessor holds at once: products keep some 100 registers each. */
const residentLanes = { products: 512, others: 2048 }

export type Bound = 'products' | 'memory' | 'steps' | 'dispatches'

export interface Expected {
  readonly seconds: number
  /** Seconds by what bounds each dispatch. */
  readonly by: Readonly<Record<Bound, number>>
}

/** `share`: the part of their rate that products reach. `rate`: the card's rate for products of matrices, such as that of tensor cores. */
export function expected(
  { kernels }: Pick<WorkCounts, 'kernels'>,
  card: Card,
  share: number,
  rate = card.f32,
): Expected {
  const by = { products: 0, memory: 0, steps: 0, dispatches: 0 }
  for (const row of kernels) {
    const isAttention = /^attention(Queries|Keys)?$/.test(row.kernel)
    const isProduct = isAttention || row.kernel.startsWith('gemm')
    const lanes = row.workgroups * row.lanes
    const filled = Math.min(1, lanes / (card.units * busyLanes))
    const rounds = Math.ceil(lanes / (card.units * residentLanes[isProduct ? 'products' : 'others']))
    const one = {
      products:
        row.flops / row.count / (isProduct ? share * (isAttention ? card.f32 : rate) : card.f32) / filled / row.use,
      memory: row.bytes / row.count / card.bandwidth,
      steps: row.steps * rounds * step,
      dispatches: launch,
    }
    const bound = (Object.keys(one) as Bound[]).reduce((most, name) => (one[name] > one[most] ? name : most))
    by[bound] += row.count * one[bound]
  }
  return { seconds: Object.values(by).reduce((sum, seconds) => sum + seconds, 0), by }
}

/** The bound that takes most of the time, and its share. */
export function mainBound({ seconds, by }: Expected): { bound: Bound; share: number } {
  const bound = (Object.keys(by) as Bound[]).reduce((most, name) => (by[name] > by[most] ? name : most))
  return { bound, share: by[bound] / seconds }
}
