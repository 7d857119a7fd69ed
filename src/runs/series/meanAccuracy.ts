// Mean accuracy over a recipe's zero-shot tasks, and whether a difference of two says anything.
import { stages, type Stage } from '../../catalog/stages.ts'

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
  /** Which of the recipe's evaluations. */
  readonly entry: number
  /** Optimiser step of a measurement in the middle of a recovery. */
  readonly step?: number
  readonly acc?: number
  readonly stderr?: number | null
}

export function meanAccuracies(evaluations: readonly Measurement[]): StageAccuracies {
  const byStage: TasksOfStages = { dense: new Map(), pruned: new Map(), recovered: new Map() }
  for (const { stage, entry, step, acc, stderr = null } of evaluations)
    if (step === undefined && acc !== undefined) byStage[stage].set(entry, { acc, stderr })
  return comparableMeans(byStage)
}

export type TasksOfStages = Readonly<Record<Stage, Map<number, Accuracy>>>

/**
 * Over the tasks of the last stage that measured some; an earlier stage that did not measure all of them has no mean, since
 * one over other tasks would be another quantity. By stage and task.
 */
export function comparableMeans(byStage: TasksOfStages): StageAccuracies {
  const last = stages.findLast((stage) => byStage[stage].size > 0)
  const tasks = last ? [...byStage[last].keys()] : []
  const out: StageAccuracies = {}
  for (const stage of stages) {
    const measured = tasks.flatMap((task) => byStage[stage].get(task) ?? [])
    const mean = measured.length === tasks.length ? meanAccuracy(measured) : null
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
    // Reports of earlier versions have means over different tasks: no two measurements of one thing.
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
