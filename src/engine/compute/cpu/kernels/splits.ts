// Splits operations over the pool: by elements, rows or columns, never into pieces too small to be worth it.
import type { Tensor } from '../../tensor.ts'
import type { Runner, Split } from '../pool.ts'

/** Elements of a chunk that take about as long as waking a thread. */
const worthwhile = 16384

export const byElements = (total: number): Split => ({ total, unit: worthwhile })

/** `width` elements a row. */
export const byRows = (total: number, width: number): Split => ({
  total,
  unit: Math.max(1, Math.ceil(worthwhile / width)),
})

/** `height` elements a column; chunks begin at cache lines. */
export const byColumns = (total: number, height: number): Split => ({
  total,
  unit: 16 * Math.max(1, Math.ceil(worthwhile / height / 16)),
})

/** Address of a tensor, 0 for none. */
export type AddressOf = (tensor: Tensor | null) => number

export function addresses(pool: Runner): AddressOf {
  return (tensor) => (tensor ? pool.heap.addressOf(tensor) : 0)
}
