// The curve of a run in a cell of a table: perplexity along the recovery, else the error of each block after it.
import { fieldsOf, isRecord } from '../../catalog/formats/json.ts'
import { curveOf } from '../series/curves.ts'
import type { RunSummary } from '../series/runSummary.ts'

export interface Sparkline {
  readonly of: 'perplexity' | 'error'
  /** Two to `mostPoints`, in their order; null is not a number. */
  readonly values: readonly (number | null)[]
}

export const mostPoints = 40

/** The sparkline of a run that goes on; null where there are not two points yet. */
export function sparklineOfSummary(summary: RunSummary): Sparkline | null {
  const [perplexities, errors] = (['perplexity', 'error'] as const).map((name) =>
    curveOf(summary, name, { smoothing: 0 }),
  )
  return sparkline(perplexities.y, errors.y)
}

/** The sparkline of a report.json, which may be anybody's. */
export function sparklineOfReport(report: unknown): Sparkline | null {
  const { evaluations, blocks } = fieldsOf(report)
  const measured = recordsIn(evaluations).filter(({ stage, perplexity }) => stage !== 'dense' && isNumber(perplexity))
  const first = Math.min(...measured.map(({ entry }) => (isNumber(entry) ? entry : Infinity)))
  const main = measured.filter(({ entry }) => entry === first)
  // Pruned comes first, and a later measurement after it.
  const perplexities = main.map(({ perplexity }) => Number(perplexity))
  const errors = recordsIn(blocks).flatMap(({ error_after: after }) => (isNumber(after) ? [after] : []))
  return sparkline(perplexities, errors)
}

/** Two points, pruned and recovered, say less than the blocks' errors do. */
function sparkline(perplexities: readonly number[], errors: readonly number[]): Sparkline | null {
  if (perplexities.length > 2) return { of: 'perplexity', values: thinned(perplexities) }
  if (errors.length > 1) return { of: 'error', values: thinned(errors) }
  return perplexities.length > 1 ? { of: 'perplexity', values: thinned(perplexities) } : null
}

/** Values at equal distances, first and last among them. */
function thinned(values: readonly number[]): (number | null)[] {
  const count = Math.min(mostPoints, values.length)
  const at = (i: number) => values[Math.round((i * (values.length - 1)) / (count - 1))]
  return Array.from({ length: count }, (_, i) => (Number.isFinite(at(i)) ? at(i) : null))
}

function recordsIn(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : []
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}
