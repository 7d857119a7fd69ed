// Accuracies of a run on zero-shot tasks: by task, and their mean at every place where all tasks were measured.
import { entryNames } from './texts.ts'
import type { Accuracy, Evaluation } from './foldRun.ts'
import { type Stage, stages } from '../../catalog/stages.ts'

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

type TasksOfStages = Readonly<Record<Stage, Map<number, Accuracy>>>

/**
 * Means over the tasks of the last stage that measured any. An earlier stage that did not measure all of these tasks has no mean, since
 * means over different tasks are not comparable. `byStage`: by stage and task.
 */
function comparableMeans(byStage: TasksOfStages): StageAccuracies {
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

/** Pairs of stages whose accuracies differ by less than the standard error of their difference. */
export function undecidedPairs(accuracy: StageAccuracies): [Stage, Stage][] {
  const pairs: [Stage, Stage][] = [
    ['dense', 'pruned'],
    ['pruned', 'recovered'],
    ['dense', 'recovered'],
  ]
  return pairs.filter(([a, b]) => {
    const [one, other] = [accuracy[a], accuracy[b]]
    if (!one || !other || one.stderr === null || other.stderr === null) return false
    // Reports of earlier versions may have means over different tasks, which are not comparable.
    return one.tasks === other.tasks && Math.abs(one.acc - other.acc) <= Math.hypot(one.stderr, other.stderr)
  })
}

/** The undecided pairs as sentences. */
export function undecided(accuracy: StageAccuracies): string[] {
  return undecidedPairs(accuracy).map(
    ([a, b]) =>
      `The accuracies of ${a} and ${b} differ by at most their standard error: these rows do not decide between them.`,
  )
}

export interface RunAccuracies {
  /** Accuracy at each stage; `recovered` is the latest. */
  stages: StageAccuracies
  /** Along the recovery, by number of optimiser steps. */
  recovered: { x: number; mean: MeanAccuracy }[]
  tasks: { name: string; stages: Partial<Record<Evaluation['stage'], Accuracy>> }[]
}

export function accuraciesOf(evaluations: readonly Evaluation[]): RunAccuracies {
  const scored = evaluations.flatMap((one) => (one.accuracy ? [{ ...one, accuracy: one.accuracy }] : []))
  const groups = new Map<string, { stage: Evaluation['stage']; x: number; byEntry: Map<number, Accuracy> }>()
  for (const { stage, x, entry, accuracy } of scored) {
    // Dense and pruned belong to no step. The later of two measurements at one place counts.
    const place = stage === 'recovered' ? `recovered ${x}` : stage
    const group = groups.get(place) ?? { stage, x, byEntry: new Map() }
    groups.set(place, group)
    group.byEntry.set(entry, accuracy)
  }
  const all = [...groups.values()].map(({ stage, x, byEntry }) => ({
    stage,
    x,
    mean: meanAccuracy([...byEntry.values()]),
  }))
  const means = all.flatMap(({ stage, x, mean }) => (mean ? [{ stage, x, mean }] : []))
  const curve = means.filter(({ stage }) => stage === 'recovered').sort((a, b) => a.x - b.x)
  // While a step is being measured, its mean is over fewer tasks. It is not comparable then, and no point of the curve.
  const tasks = Math.max(0, ...curve.map(({ mean }) => mean.tasks))
  const recovered = curve.filter(({ mean }) => mean.tasks === tasks).map(({ x, mean }) => ({ x, mean }))
  const tasksOfPlace = (place: string) => groups.get(place)?.byEntry ?? new Map<number, Accuracy>()
  const stages = comparableMeans({
    dense: tasksOfPlace('dense'),
    pruned: tasksOfPlace('pruned'),
    recovered: tasksOfPlace(`recovered ${recovered.at(-1)?.x}`),
  })
  return { stages, recovered, tasks: tasksOf(scored) }
}

function tasksOf(scored: readonly (Evaluation & { accuracy: Accuracy })[]): RunAccuracies['tasks'] {
  const files = entryNames(scored)
  const found = new Map<number, RunAccuracies['tasks'][number]>()
  for (const { entry, task, stage, accuracy } of scored) {
    const shared = scored.some((other) => other.task === task && other.entry !== entry)
    const one = found.get(entry) ?? { name: shared ? `${task} on ${files.get(entry)}` : task, stages: {} }
    one.stages[stage] = accuracy
    found.set(entry, one)
  }
  return [...found].sort(([a], [b]) => a - b).map(([, one]) => one)
}
