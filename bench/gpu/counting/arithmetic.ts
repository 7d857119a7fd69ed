// Sums and differences of counts.
import type { KernelCount } from '../../../test/support/gpuCounts.ts'
import type { Counted } from './stubbed.ts'

export const minus = (a: Counted, b: Counted): Counted =>
  combine([
    [1, a],
    [-1, b],
  ])

/** Σ factor · counted. Dispatches of the same kernel and size are added. */
export function combine(terms: readonly (readonly [factor: number, counted: Counted])[]): Counted {
  const names = Object.keys(terms[0][1].counts) as (keyof Counted['counts'])[]
  const counts = Object.fromEntries(
    names.map((name) => [name, terms.reduce((sum, [factor, c]) => sum + factor * c.counts[name], 0)]),
  ) as unknown as Counted['counts']
  const kernels = new Map<string, KernelCount>()
  for (const [factor, { kernels: some }] of terms)
    for (const one of some) {
      const key = [one.kernel, one.flops, one.bytes, one.workgroups, one.steps].join()
      kernels.set(key, { ...one, count: (kernels.get(key)?.count ?? 0) + factor * one.count })
    }
  return { counts, kernels: [...kernels.values()].filter(({ count }) => Math.abs(count) > 1e-9) }
}
