// Input and output of a part of the benchmark.
import type { Backend } from '../../../src/engine/compute/backend.ts'

export interface PartInput {
  readonly backend: Backend
  /** Name by which the adapter was asked for. */
  readonly adapter: string | undefined
  /** Shapes that a software device computes in seconds. */
  readonly small: boolean
}

/** Resolves to what the part's line contains. */
export type Part = (input: PartInput) => Promise<object>

/** Seconds of work and of waiting for it. */
export async function timed(backend: Backend, work: () => unknown): Promise<number> {
  await backend.sync()
  const start = performance.now()
  await work()
  await backend.sync()
  return (performance.now() - start) / 1000
}

export const rounded = (value: number, digits = 4): number => Number(value.toPrecision(digits))
