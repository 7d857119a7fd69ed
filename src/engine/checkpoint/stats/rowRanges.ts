// A tensor in parts for the threads of a scan, so that one matrix does not keep one of them busy while the others are done.
// Cut by size alone: sums of f64 are then the same on any number of threads.
import type { NmPattern } from '../../../catalog/formats/sparsity.ts'
import type { TensorEntry } from '../checkpoint.ts'
import { matrixOf, type RowRange } from './rowPieces.ts'

const partBytes = 64 * 2 ** 20

export interface Grouping {
  nm?: readonly NmPattern[]
  /** The matrix is stored [in, out]: groups lie down the columns, and none is cut. */
  transposed?: boolean
}

/** Ranges in the order of the rows, at least one. */
export function rangesOf(entry: TensorEntry, { nm = [], transposed }: Grouping): RowRange[] {
  const { rows } = matrixOf(entry)
  // A header may claim any number of rows of nothing.
  if (entry.bytes <= partBytes) return [{ first: 0, end: rows }]
  const group = transposed ? nm.reduce((common, { m }) => leastCommonMultiple(common, m), 1) : 1
  const step = Math.max(1, Math.floor((partBytes * rows) / entry.bytes / group)) * group
  const ranges: RowRange[] = []
  for (let first = 0; first < rows; first += step) ranges.push({ first, end: Math.min(rows, first + step) })
  return ranges
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b]
  while (y > 0) [x, y] = [y, x % y]
  return (a / x) * b
}
