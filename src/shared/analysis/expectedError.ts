// The error that a recipe would cause, interpolated from the errors that were measured.
import type { MeasuredModule } from './analysis.ts'

export interface PrunedAs {
  readonly method: string
  readonly sparsity: number
  readonly pattern: string
}

/** Error of one matrix: log error is linear between measured sparsities; null where too little was measured. */
export function expectedError({ errors }: MeasuredModule, { method, sparsity, pattern }: PrunedAs): number | null {
  const own = errors.filter((one) => one.method === method && one.pattern === pattern && one.error !== null)
  if (pattern !== 'unstructured') return own.at(0)?.error ?? null
  const points = own.map((one) => ({ s: one.sparsity, log: Math.log(Math.max(one.error ?? 0, 1e-30)) }))
  points.sort((a, b) => a.s - b.s)
  const [first] = points
  if (!first) return null
  if (points.length === 1) return first.s === sparsity ? (own[0].error ?? null) : null
  const above = points.findIndex(({ s }) => s >= sparsity)
  // Beyond the points measured, the last two go on.
  const right = above < 0 ? points.length - 1 : Math.max(1, above)
  const [a, b] = [points[right - 1], points[right]]
  return Math.exp(a.log + ((sparsity - a.s) / (b.s - a.s)) * (b.log - a.log))
}
