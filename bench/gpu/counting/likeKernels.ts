// The counts of a work as they are kept: dispatches of about the same size are one row.
import type { KernelCount } from '../../../test/support/gpuCounts.ts'

/** Sums over `count` dispatches; `workgroups`, `lanes`, `steps` and `use` of one of them. */
export type KernelRow = KernelCount

export interface WorkCounts {
  readonly name: string
  readonly of: string
  /** How often the whole model does it; absent for a step or a token. */
  readonly blocks?: number
  readonly dispatches: number
  readonly submits: number
  readonly waits: number
  readonly bytesUp: number
  readonly bytesDown: number
  readonly parameterBytes: number
  /** Processor time of the calling thread, and of the GPU's thread without its waiting; null where it could not be measured well. */
  readonly mainMs: number | null
  readonly gpuThreadMs: number | null
  readonly kernels: readonly KernelRow[]
}

/** Sizes within a tenth of each other are alike. */
const alike = (value: number) => Number(value.toPrecision(2))

export function likeKernels(kernels: readonly KernelCount[]): KernelRow[] {
  const rows = new Map<string, { -readonly [K in keyof KernelRow]: KernelRow[K] }>()
  for (const { kernel, flops, bytes, workgroups, lanes, steps, use, count } of kernels) {
    const key = [kernel, alike(flops), alike(bytes), alike(workgroups), alike(steps), alike(use)].join()
    const shape = { workgroups: alike(workgroups), lanes, steps: alike(steps), use: alike(use) }
    const row = rows.get(key) ?? { kernel, flops: 0, bytes: 0, ...shape, count: 0 }
    rows.set(key, row)
    row.flops += count * flops
    row.bytes += count * bytes
    row.count += count
  }
  const rounded = [...rows.values()].map((row) => ({
    ...row,
    flops: Math.round(row.flops),
    bytes: Math.round(row.bytes),
    count: Number(row.count.toPrecision(6)),
  }))
  return rounded.filter(({ count }) => count > 1e-6).sort((a, b) => b.flops - a.flops || b.bytes - a.bytes)
}
