// Accuracies of a run as its picture has them: by task, and their mean at every place where all tasks were measured.
import { entryNames } from './entryNames.ts'
import type { Evaluation } from './foldRun.ts'
import {
  comparableMeans,
  meanAccuracy,
  type Accuracy,
  type MeanAccuracy,
  type StageAccuracies,
} from './meanAccuracy.ts'

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
  // While a place is being measured its mean is over fewer tasks: another quantity, and no point of this curve.
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
