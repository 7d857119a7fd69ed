// Measures by which runs are compared: each is a column of the table and an axis of the picture.
import {
  columnFormat,
  formatAccuracy,
  formatBytes,
  formatDuration,
  formatPercent,
  formatRequested,
  formatShare,
  formatTrained,
  formatValue,
  formatWonBack,
  megabyte,
  percentColumn,
  withSign,
} from '../../formatting/numbers.ts'
import { type Stage, stages } from '../../catalog/stages.ts'
import type { FoldedRun } from './foldSeeds.ts'
import type { Spread } from '../series/smooth.ts'
import { settingText } from '../../recipe/sweep/settings.ts'
import type { RunFacts } from './comparedRun.ts'
import { lastStage } from './sweepTable.ts'

export interface Measure {
  readonly id: string
  /** Head of its column. */
  readonly title: string
  /** Name of a run's text that the measure is about. Column heads name the text where it is the same for all runs. */
  readonly textOf?: (run: FoldedRun) => string | null
  /** Name of the text that a value was measured on. Values on several texts have no axis in common: see `measuresOf`. */
  readonly measuredOn?: (run: FoldedRun) => string | null
  /** Title of its axis, with the unit. */
  readonly axis: string
  readonly of: (run: FoldedRun) => Spread | null
  /** The value of the dense model, if known. */
  readonly dense?: (run: FoldedRun) => Spread | null
  /** Writes a value for people. */
  readonly format: (value: number) => string
  /** Formats the distance between two values; default: `format`. */
  readonly distance?: (value: number) => string
  /** Gives the format of a column, so that its numbers have the same decimals; default: `format`. */
  readonly inColumn?: (values: readonly number[]) => (value: number) => string
  /** An axis shows `factor` times the value: 100 where it is in percent. */
  readonly factor: number
  /** Which end is the better one; null: neither. */
  readonly better: Better | null
  /** Values span powers of ten. */
  readonly isLog: boolean
}

const [plain, percent] = [1, 100]

const onFirstText = { measuredOn: ({ facts }: FoldedRun) => facts.text }
const asNumber = { format: formatValue, inColumn: columnFormat }
const signed = (format: (value: number) => string) => (value: number) => withSign(format(Math.abs(value)), value)
const only = (value: number): Spread => ({ median: value, low: value, high: value, count: 1 })

const measures: readonly Measure[] = [
  {
    ...{ id: 'perplexity', title: 'perplexity', axis: 'perplexity', better: 'low', isLog: true, factor: plain },
    of: ({ results }) => lastStage(results.perplexity),
    dense: ({ results }) => results.perplexity.dense,
    ...onFirstText,
    ...asNumber,
  },
  {
    ...{ id: 'delta', title: 'Δ to dense', axis: 'perplexity above dense', better: 'low', isLog: true, factor: plain },
    of: ({ delta }) => delta,
    ...onFirstText,
    format: (value) => signed(formatValue)(value),
    inColumn: (values) => signed(columnFormat(values)),
  },
  {
    ...{ id: 'second text', title: 'perplexity, second text', axis: 'perplexity on the second text' },
    ...{ better: 'low', isLog: true, factor: plain },
    textOf: ({ results }) => results.second_text.text,
    measuredOn: ({ results }) => results.second_text.text,
    of: ({ results }) => lastStage(results.second_text.perplexity),
    dense: ({ results }) => results.second_text.perplexity.dense,
    ...asNumber,
  },
  {
    ...{
      id: 'won back',
      title: 'gap closed',
      axis: 'gap closed, %',
      better: 'high',
      isLog: false,
      factor: percent,
    },
    textOf: ({ results }) => results.won_back.text,
    measuredOn: ({ results }) => results.won_back.text,
    of: ({ results }) => results.won_back.share,
    format: (share) => formatWonBack(share),
    distance: formatPercent,
  },
  {
    ...{ id: 'accuracy', title: 'accuracy', axis: 'accuracy, % right', better: 'high', isLog: false, factor: percent },
    of: ({ results }) => lastStage(results.accuracy),
    dense: ({ results }) => results.accuracy.dense,
    format: (share) => formatAccuracy(share, null),
  },
  {
    ...{ id: 'sparsity', title: 'sparsity', axis: 'sparsity, %', better: 'high', isLog: false, factor: percent },
    of: ({ facts: { sparsity } }) => (sparsity === null ? null : only(sparsity)),
    format: formatRequested,
  },
  {
    // The measured share: it differs from the requested one by rounding and by matrices that are not pruned.
    ...{ id: 'zeros', title: 'exact zeros', axis: 'exact zeros, %', better: 'high', isLog: false, factor: percent },
    of: ({ results }) => results.sparsity,
    format: formatShare,
  },
  {
    ...{ id: 'trainable', title: 'trainable', axis: 'trainable, %', better: 'low', isLog: true, factor: plain },
    of: ({ trainablePercent }) => trainablePercent,
    format: formatTrained,
    inColumn: (values) => (values.every((value) => value <= 100) ? percentColumn(values) : formatTrained),
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
    return {
      id: name,
      title: name,
      axis: name,
      better: 'low',
      isLog: true,
      factor: plain,
      of,
      ...onFirstText,
      ...asNumber,
    }
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

/** "gap closed on wiki.txt". */
export function headOf({ title, textOf }: Measure, runs: readonly FoldedRun[]): string {
  const [name, ...others] = new Set(runs.flatMap((run) => textOf?.(run) ?? []))
  return name !== undefined && others.length === 0 ? `${title.replace(', second text', '')} on ${name}` : title
}

/** @throws for a name that no measure has. */
export function measureNamed(id: string): Measure {
  const found = measures.find((measure) => measure.id === id)
  if (!found) throw new Error(`no measure ${id}`)
  return found
}

/** Numeric settings are measures too, without a better direction. */
function settingMeasures(runs: readonly FoldedRun[]): Measure[] {
  const paths = [...new Set(runs.flatMap(({ settings }) => Object.keys(settings)))]
  const numeric = paths.filter((path) =>
    runs.every(({ settings }) => !(path in settings) || Number.isFinite(settings[path])),
  )
  return numeric.map((path) => ({
    ...{ id: `setting ${path}`, better: null, isLog: false },
    ...(/(^|\.)sparsity$/.test(path)
      ? { title: path, axis: `${path}, %`, factor: percent }
      : { title: path.replace(/samples$/, 'windows'), axis: path.replace(/samples$/, 'windows'), factor: plain }),
    of: ({ settings }) => {
      const value = settings[path]
      return typeof value === 'number' ? only(value) : null
    },
    format: (value) => settingText(path, value),
  }))
}

/** Writes the values that a measure has in these runs, for a column. */
export function columnFormatOf(
  { of, format, inColumn }: Measure,
  runs: readonly FoldedRun[],
): (value: number) => string {
  const spreads = runs.flatMap((run) => of(run) ?? [])
  return inColumn?.(spreads.flatMap(({ median, low, high }) => [median, low, high])) ?? format
}

/** Whether the pruned model has a perplexity or an accuracy, and the recovered model has none yet. */
export function isPrunedYet({ facts, results }: PrunedYet, of: 'perplexity' | 'accuracy'): boolean {
  const { pruned, recovered } = results[of]
  return facts.recovery !== '' && pruned !== null && recovered === null
}

interface PrunedYet {
  readonly facts: Pick<RunFacts, 'recovery'>
  readonly results: Readonly<Record<'perplexity' | 'accuracy', Readonly<Record<Stage, unknown>>>>
}

/** Measures that any of the runs has; one for each text where runs were measured on several. */
export function measuresOf(runs: readonly FoldedRun[]): Measure[] {
  const all = [...measures, ...settingMeasures(runs)]
  const has = ({ of }: Measure) => runs.some((run) => of(run) !== null)
  return all.filter(has).flatMap((measure) => byText(measure, runs))
}

/** One measure per text, beginning with the text that most runs were measured on. */
function byText(measure: Measure, runs: readonly FoldedRun[]): readonly Measure[] {
  const { measuredOn, id, title, axis, of, dense } = measure
  if (!measuredOn) return [measure]
  const counts = new Map<string, number>()
  for (const run of runs) {
    const text = of(run) && measuredOn(run)
    if (text) counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  if (counts.size < 2) return [measure]
  const bare = (name: string) => name.replace(/, second text$| on the second text$/, '')
  return [...counts]
    .sort(([, one], [, other]) => other - one)
    .map(([text]) => {
      const only = (value: Measure['of']) => (run: FoldedRun) => (measuredOn(run) === text ? value(run) : null)
      return {
        ...measure,
        ...{ id: `${id}${onText}${text}`, title: `${bare(title)} on ${text}`, axis: `${bare(axis)} on ${text}` },
        of: only(of),
        dense: dense && only(dense),
      }
    })
}

/** Separates the identifier of a measure from its text. */
const onText = ' on '

/** The identifier of a measure of one text without that text. */
export function baseOf(id: string): string {
  return id.split(onText)[0]
}

export interface Measured {
  readonly x: number | null
  readonly y: number | null
}

/** Which of two values of an axis is the better one. */
export type Better = 'low' | 'high'

/** Indices of the points on the Pareto front, by rising x. A point that lacks a value is not on it; equal points all are. */
export function paretoFront(points: readonly Measured[], better: { readonly x: Better; readonly y: Better }): number[] {
  const cost = (value: number, which: Better) => (which === 'low' ? value : -value)
  const known = points.flatMap(({ x, y }, at) =>
    x === null || y === null ? [] : [{ at, x, y, a: cost(x, better.x), b: cost(y, better.y) }],
  )
  // In order of x, best first, a point is beaten by an earlier one that is no worse in y, unless the two are the same.
  const sorted = known.sort((one, other) => one.a - other.a || one.b - other.b)
  const front: typeof known = []
  for (const point of sorted) {
    const last = front.at(-1)
    if (!last || point.b < last.b || (point.a === last.a && point.b === last.b)) front.push(point)
  }
  return front.sort((one, other) => one.x - other.x || one.at - other.at).map(({ at }) => at)
}
