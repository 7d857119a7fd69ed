// Measures by which runs are compared: each is a column of the table and an axis of the picture.
import { formatBytes, megabyte } from '../format/byteSize.ts'
import { formatAccuracy, formatDuration, formatShare, formatTrained, formatValue } from '../format/numbers.ts'
import type { FoldedRun, Spread } from './foldSeeds.ts'
import type { Better } from './paretoFront.ts'
import { lastStage } from './sweepTable.ts'

export interface Measure {
  readonly id: string
  /** Head of its column. */
  readonly title: string
  /** On an axis, with its unit. */
  readonly axis: string
  readonly of: (run: FoldedRun) => Spread | null
  /** Writes a value for people. */
  readonly format: (value: number) => string
  /** An axis shows `factor` times the value: 100 where it is in percent. */
  readonly factor: number
  /** Which end is the better one; null: neither. */
  readonly better: Better | null
  /** Values lie powers of ten apart. */
  readonly isLog: boolean
}

const stages = ['dense', 'pruned', 'recovered'] as const
const [plain, percent] = [1, 100]

export const measures: readonly Measure[] = [
  {
    ...{ id: 'perplexity', title: 'perplexity', axis: 'perplexity', better: 'low', isLog: true, factor: plain },
    of: ({ results }) => lastStage(results.perplexity),
    format: formatValue,
  },
  {
    ...{ id: 'accuracy', title: 'accuracy', axis: 'accuracy, % right', better: 'high', isLog: false, factor: percent },
    of: ({ results }) => lastStage(results.accuracy),
    format: (share) => formatAccuracy(share, null),
  },
  {
    ...{ id: 'sparsity', title: 'sparsity', axis: 'sparsity, %', better: 'high', isLog: false, factor: percent },
    of: ({ results }) => results.sparsity,
    format: formatShare,
  },
  {
    ...{ id: 'trainable', title: 'trainable', axis: 'trainable, %', better: 'low', isLog: true, factor: plain },
    of: ({ trainablePercent }) => trainablePercent,
    format: formatTrained,
  },
  {
    ...{ id: 'time', title: 'time', axis: 'time, s', better: 'low', isLog: true, factor: plain },
    of: ({ results }) => results.seconds,
    format: formatDuration,
  },
  {
    ...{ id: 'memory', title: 'memory', axis: 'peak memory, MB', better: 'low', isLog: true, factor: plain },
    of: ({ results }) => results.peak_memory_mb,
    format: (megabytes) => formatBytes(megabytes * megabyte),
  },
  ...stages.map((stage): Measure => {
    const name = `perplexity, ${stage}`
    const of = ({ results }: FoldedRun) => results.perplexity[stage]
    return { id: name, title: name, axis: name, better: 'low', isLog: true, factor: plain, of, format: formatValue }
  }),
  ...stages.map((stage): Measure => {
    const name = `accuracy, ${stage}`
    return {
      ...{ id: name, title: name, axis: `${name}, % right`, better: 'high', isLog: false, factor: percent },
      of: ({ results }) => results.accuracy[stage],
      format: (share) => formatAccuracy(share, null),
    }
  }),
]

/** Settings that are numbers are measures too, better at neither end. */
export function settingMeasures(runs: readonly FoldedRun[]): Measure[] {
  const paths = [...new Set(runs.flatMap(({ settings }) => Object.keys(settings)))]
  const numeric = paths.filter((path) =>
    runs.every(({ settings }) => !(path in settings) || Number.isFinite(settings[path])),
  )
  return numeric.map((path) => ({
    ...{ id: `setting ${path}`, title: path, axis: path, better: null, isLog: false, factor: plain },
    of: ({ settings }) => {
      const value = settings[path]
      return typeof value === 'number' ? { median: value, low: value, high: value, count: 1 } : null
    },
    format: String,
  }))
}

/** Measures that any of the runs has. */
export function measuresOf(runs: readonly FoldedRun[]): Measure[] {
  const all = [...measures, ...settingMeasures(runs)]
  return all.filter(({ of }) => runs.some((run) => of(run) !== null))
}
