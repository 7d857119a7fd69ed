// Mean accuracy over a recipe's zero-shot tasks, and whether a difference of two says anything.
import type { Stage } from '../../../shared/protocol/events.ts'
import type { EvaluationResult } from '../state/progress.ts'

export interface MeanAccuracy {
  readonly acc: number
  /** √(Σ stderr²) / tasks; null where a task has a single row. */
  readonly stderr: number | null
  readonly tasks: number
}

export function meanAccuracies(evaluations: readonly EvaluationResult[]): Partial<Record<Stage, MeanAccuracy>> {
  const out: Partial<Record<Stage, MeanAccuracy>> = {}
  for (const stage of ['dense', 'pruned', 'recovered'] as const) {
    const measured = evaluations.flatMap(({ stage: at, step, acc, stderr = null }) =>
      at === stage && step === undefined && acc !== undefined ? [{ acc, stderr }] : [],
    )
    if (measured.length === 0) continue
    const squares = measured.reduce((sum, { stderr }) => sum + (stderr ?? NaN) ** 2, 0)
    out[stage] = {
      acc: measured.reduce((sum, { acc }) => sum + acc, 0) / measured.length,
      stderr: Number.isNaN(squares) ? null : Math.sqrt(squares) / measured.length,
      tasks: measured.length,
    }
  }
  return out
}

/** Sentences on neighbouring stages whose accuracies lie within the standard error of their difference. */
export function undecided(accuracy: Partial<Record<Stage, MeanAccuracy>>): string[] {
  const pairs = [
    ['dense', 'pruned'],
    ['pruned', 'recovered'],
    ['dense', 'recovered'],
  ] as const
  return pairs.flatMap(([a, b]) => {
    const [one, other] = [accuracy[a], accuracy[b]]
    if (!one || !other || one.stderr === null || other.stderr === null) return []
    if (Math.abs(one.acc - other.acc) > Math.hypot(one.stderr, other.stderr)) return []
    return [
      `The accuracies of ${a} and ${b} differ by no more than their standard error: these rows do not tell them apart.`,
    ]
  })
}
