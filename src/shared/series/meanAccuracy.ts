// Mean accuracy over a recipe's zero-shot tasks, and whether a difference of two says anything.
import type { Stage } from '../protocol/events.ts'

/** Share of right answers of one task; `stderr` null where it has a single row. */
export interface Accuracy {
  readonly acc: number
  readonly stderr: number | null
}

export interface MeanAccuracy extends Accuracy {
  /** √(Σ stderr²) / tasks. */
  readonly stderr: number | null
  readonly tasks: number
}

export type StageAccuracies = Partial<Record<Stage, MeanAccuracy>>

const stages = ['dense', 'pruned', 'recovered'] as const

/** Unweighted, as PERP and Wanda report it; null for nothing. */
export function meanAccuracy(measured: readonly Accuracy[]): MeanAccuracy | null {
  if (measured.length === 0) return null
  const squares = measured.reduce((sum, { stderr }) => sum + (stderr ?? NaN) ** 2, 0)
  return {
    acc: measured.reduce((sum, { acc }) => sum + acc, 0) / measured.length,
    stderr: Number.isNaN(squares) ? null : Math.sqrt(squares) / measured.length,
    tasks: measured.length,
  }
}

interface Measurement {
  readonly stage: Stage
  /** Of one in the middle of a recovery. */
  readonly step?: number
  readonly acc?: number
  readonly stderr?: number | null
}

export function meanAccuracies(evaluations: readonly Measurement[]): StageAccuracies {
  const out: StageAccuracies = {}
  for (const stage of stages) {
    const measured = evaluations.flatMap(({ stage: at, step, acc, stderr = null }) =>
      at === stage && step === undefined && acc !== undefined ? [{ acc, stderr }] : [],
    )
    const mean = meanAccuracy(measured)
    if (mean) out[stage] = mean
  }
  return out
}

/** Pairs of stages whose accuracies lie within the standard error of their difference. */
export function undecidedPairs(accuracy: StageAccuracies): [Stage, Stage][] {
  const pairs: [Stage, Stage][] = [
    ['dense', 'pruned'],
    ['pruned', 'recovered'],
    ['dense', 'recovered'],
  ]
  return pairs.filter(([a, b]) => {
    const [one, other] = [accuracy[a], accuracy[b]]
    if (!one || !other || one.stderr === null || other.stderr === null) return false
    // Means over different tasks are no two measurements of one thing.
    return one.tasks === other.tasks && Math.abs(one.acc - other.acc) <= Math.hypot(one.stderr, other.stderr)
  })
}

/** The same in sentences. */
export function undecided(accuracy: StageAccuracies): string[] {
  return undecidedPairs(accuracy).map(
    ([a, b]) =>
      `The accuracies of ${a} and ${b} differ by no more than their standard error: these rows do not tell them apart.`,
  )
}
