// How close an N:M decision of SparseGPT is, by a plain run of the method in f64: what f32 rounding may decide.
import { inverseFactor } from './reference/prune.ts'
import type { NmPattern } from '../../src/catalog/formats/sparsity.ts'

/**
 * Relative difference of the n-th and (n+1)-th smallest score of the group that holds `column`, in one row of the dense
 * weight [·, columns], under the Hessian [columns, columns] before damping.
 */
export function tieGap(
  dense: Float32Array,
  hessian: Float32Array | Float64Array,
  columns: number,
  row: number,
  column: number,
  { n, m }: NmPattern,
): number {
  const h = Float64Array.from(hessian)
  let mean = 0
  for (let j = 0; j < columns; j++) mean += h[j * columns + j] / columns
  for (let j = 0; j < columns; j++) h[j * columns + j] += 0.01 * mean
  const u = inverseFactor(h, columns)
  if (!u) throw new Error('the Hessian is not positive definite')
  const w = Float64Array.from(dense.subarray(row * columns, (row + 1) * columns))
  for (let first = 0; first < columns; first += m) {
    const score = (c: number) => (w[c] / u[c * columns + c]) ** 2
    const group = Array.from({ length: m }, (_, i) => first + i).sort((a, b) => score(a) - score(b))
    if (first + m > column) return (score(group[n]) - score(group[n - 1])) / score(group[n])
    const dropped = new Set(group.slice(0, n))
    for (let c = first; c < first + m; c++) {
      if (!dropped.has(c)) continue
      const error = w[c] / u[c * columns + c]
      w[c] = 0
      for (let k = c + 1; k < columns; k++) w[k] -= error * u[c * columns + k]
    }
  }
  throw new Error(`column ${column} of ${columns}`)
}
