// Seconds that counted kernels would take on a card: each dispatch as long as its arithmetic at the card's rate, its bytes at the
// card's bandwidth, or its launch, whichever is most. A lower bound: nothing waits for anything within a kernel.
import type { Card } from './cards.ts'
import type { KernelRow, WorkCounts } from './likeKernels.ts'

/** Seconds of an empty dispatch. */
const launch = 5e-6

export type Bound = 'products' | 'memory' | 'dispatches'

export interface Expected {
  readonly seconds: number
  /** Seconds by what bounds each dispatch. */
  readonly by: Readonly<Record<Bound, number>>
}

/** `share` of the card's rate is what products reach; `rate` is theirs where they run elsewhere than others. */
export function expected(
  { kernels }: Pick<WorkCounts, 'kernels'>,
  card: Card,
  share: number,
  rate = card.f32,
): Expected {
  const by = { products: 0, memory: 0, dispatches: 0 }
  for (const row of kernels) {
    const one = {
      products: arithmetic(row, card, share, rate),
      memory: row.bytes / row.count / card.bandwidth,
      dispatches: launch,
    }
    const bound = (Object.keys(one) as Bound[]).reduce((most, name) => (one[name] > one[most] ? name : most))
    by[bound] += row.count * one[bound]
  }
  return { seconds: by.products + by.memory + by.dispatches, by }
}

function arithmetic(
  { kernel, flops, count, workgroups }: KernelRow,
  { units, f32 }: Card,
  share: number,
  rate: number,
) {
  const reached = kernel.startsWith('gemm') ? share * rate : f32
  return flops / count / reached / Math.min(1, workgroups / units)
}

/** The bound that takes most of the time, and its share. */
export function mainBound({ seconds, by }: Expected): { bound: Bound; share: number } {
  const bound = (Object.keys(by) as Bound[]).reduce((most, name) => (by[name] > by[most] ? name : most))
  return { bound, share: by[bound] / seconds }
}
