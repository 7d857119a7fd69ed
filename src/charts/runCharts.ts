// The charts of a run, alone or with overlaid runs. The view and the report draw the same.
import { downsample, type Point, smooth } from '../runs/series/smooth.ts'
import { entryNames } from '../runs/series/texts.ts'
import { accuraciesOf } from '../runs/series/accuracies.ts'
import type { Accuracy, Evaluation, RunPicture } from '../runs/series/foldRun.ts'
import { modesOf, recoveryName } from '../runs/series/recoveries.ts'
import { formatAccuracy, formatShare, formatValue } from '../formatting/numbers.ts'
import {
  type ChartData,
  type ChartText,
  type Level,
  levelDash,
  type Series,
  seriesStyle,
  stageColours,
  type SeriesStyle,
} from './chartData.ts'
import { blockErrors, recoveriesWithErrors } from '../runs/series/blockErrors.ts'
import type { BarsData } from './drawBars.ts'

export interface ChartedRun {
  label: string
  /** Decides colour, dash and marker; 0 for the run on which the others are overlaid. */
  index: number
  picture: RunPicture
}

export type RunChart = Pick<ChartData, 'series' | 'levels' | 'xRange'>

export interface CurveSettings {
  smoothing: number
  maxPoints: number
}

export const chartTexts = {
  loss: { title: 'Loss while retraining', xName: 'step', xLabel: 'optimiser steps', yLabel: 'nats a token' },
  perplexity: {
    title: 'Perplexity along the recovery',
    xName: 'step',
    xLabel: 'optimiser steps',
    yLabel: 'perplexity',
  },
  accuracy: {
    title: 'Accuracy along the recovery',
    xName: 'step',
    xLabel: 'optimiser steps',
    yLabel: '% right, mean of the tasks',
    format: percentText,
  },
}

/** A value of an axis in per cent, as text. */
function percentText(value: number | null, error: number | null): string {
  return value === null || Number.isNaN(value)
    ? formatValue(value)
    : formatAccuracy(value / 100, error === null ? null : error / 100)
}

/**
 * The loss of each retraining, on the text or against the dense model's logits, from its own first step. Reconstructions are left out:
 * their losses are errors of blocks, which grow with depth, so a line through them would rise while the model gets better.
 */
export function lossChart(runs: readonly ChartedRun[], { smoothing, maxPoints }: CurveSettings): RunChart {
  const series = runs.flatMap(({ label, index, picture }) => {
    const retrained = [...picture.lossByRecovery].filter(([recovery]) => !picture.blockByBlock.has(recovery))
    return retrained.map(([recovery, all], i): Series => {
      const before = (all[0]?.x ?? 1) - 1
      const points = all.map(({ x, y }) => ({ x: x - before, y }))
      const part = partOf(picture, recovery)
      const names = [runs.length > 1 ? label : (part ?? 'loss'), runs.length > 1 && part, smoothing > 0 && 'smoothed']
      return {
        label: names.filter(Boolean).join(', '),
        // Dashes distinguish the recoveries of one run.
        style: entryStyle(index, i),
        points: downsample(smooth(points, smoothing), maxPoints),
        raw: smoothing > 0 ? downsample(points, maxPoints) : undefined,
        ...(part !== null && index === 0 && { note: part }),
      }
    })
  })
  return { series, levels: [], xRange: null }
}

/** The name of a recovery among several; null if there is only one. */
function partOf({ recoveries }: RunPicture, recovery: number): string | null {
  return recoveries.length > 1 ? recoveryName(recovery, recoveries[recovery] ?? '') : null
}

/** A series for each entry of `evaluate`. Dense and pruned belong to no step of the recovery: they are levels. */
export function perplexityChart(runs: readonly ChartedRun[]): RunChart {
  const series: Series[] = []
  const levels: NamedLevel[] = []
  for (const run of runs) {
    const evaluations = run.picture.evaluations.filter(({ accuracy }) => accuracy === null)
    const names = [...entryNames(evaluations)].sort(([a], [b]) => a - b)
    names.forEach(([entry, name], i) => {
      const note = (what: string) => (names.length > 1 ? `${name}, ${what}` : what)
      const label = (what: string) => (runs.length > 1 ? `${run.label}, ${note(what)}` : note(what))
      const style = entryStyle(run.index, i)
      const measured = evaluations.filter((evaluation) => evaluation.entry === entry)
      // Overlaid runs have no names in the chart, which they would fill; their colours distinguish them.
      const noteOf = (what: string) => (run.index === 0 ? note(what) : '')
      levels.push(...levelsOf(measured, { note, label, noteOf, styleOf: (stage) => levelStyle(runs, style, stage) }))
      const points = curveOf(measured)
      if (points.length === 0) return
      series.push({ label: label('recovered'), style, points, marks: 'both', note: noteOf('recovered') })
    })
  }
  const steps = Math.max(0, ...runs.map(({ picture }) => picture.loss.length))
  return { series, levels: oncePerValue(levels), xRange: steps > 0 ? [0, steps] : null }
}

/** Mean over the tasks with its standard error; as with perplexity, dense and pruned are levels. */
export function accuracyChart(runs: readonly ChartedRun[]): RunChart {
  const series: Series[] = []
  const levels: NamedLevel[] = []
  for (const { label: run, index, picture } of runs) {
    const { stages, recovered } = accuraciesOf(picture.evaluations)
    const label = (what: string) => (runs.length > 1 ? `${run}, ${what}` : what)
    const style = seriesStyle(index)
    for (const stage of ['dense', 'pruned'] as const) {
      const mean = stages[stage]
      if (!mean) continue
      const { y: value, error } = inPercent(mean)
      const note = index === 0 ? `${stage} ${percentText(value, error)}` : ''
      levels.push({
        ...{ what: stage, stage, label: label(stage), note, value, error },
        ...{ style: levelStyle(runs, style, stage), dash: levelDash[stage] },
      })
    }
    if (recovered.length === 0) continue
    const points = recovered.map(({ x, mean }): Point => ({ x, ...inPercent(mean) }))
    series.push({ label: label('recovered'), style, points, marks: 'both', note: index === 0 ? 'recovered' : '' })
  }
  const isMeasured = series.length + levels.length > 0
  const steps = Math.max(0, ...runs.map(({ picture }) => picture.loss.length))
  return { series, levels: oncePerValue(levels), xRange: isMeasured && steps > 0 ? [0, steps] : null }
}

function inPercent({ acc, stderr }: Accuracy) {
  return { y: 100 * acc, error: stderr === null ? null : 100 * stderr }
}

/** The colour is the run's, which for a single run is that of recovered; dash and marker identify the entry. */
function entryStyle(index: number, entry: number): SeriesStyle {
  return { ...seriesStyle(index + entry), colour: seriesStyle(index).colour }
}

/** The colour stands for dense or pruned if there is one run, else for the run. */
function levelStyle(runs: readonly ChartedRun[], style: SeriesStyle, stage: 'dense' | 'pruned'): SeriesStyle {
  return runs.length > 1 ? style : { ...style, colour: stageColours[stage] }
}

interface NamedLevel extends Level {
  /** Name of the measurement, without the run. */
  readonly what: string
  readonly stage: 'dense' | 'pruned'
}

/** Merges equal measurements of several runs into one line, such as those of the same dense model. */
function oncePerValue(levels: readonly NamedLevel[]): Level[] {
  return levels.flatMap(({ what, stage, ...level }, i) => {
    const alike = levels.filter((other) => other.what === what && Object.is(other.value, level.value))
    if (alike[0] !== levels[i]) return []
    const style = { ...level.style, colour: stageColours[stage] }
    return [alike.length > 1 ? { ...level, label: what, style } : level]
  })
}

interface LevelNames {
  /** Name without the run. */
  note: (what: string) => string
  label: (what: string) => string
  noteOf: (what: string) => string
  styleOf: (stage: 'dense' | 'pruned') => SeriesStyle
}

function levelsOf(measured: readonly Evaluation[], { note: whatOf, label, noteOf, styleOf }: LevelNames): NamedLevel[] {
  return (['dense', 'pruned'] as const).flatMap((stage) => {
    const last = measured.findLast((evaluation) => evaluation.stage === stage)
    if (!last) return []
    const name = noteOf(stage)
    const note = name === '' ? '' : `${name} ${formatValue(last.perplexity)}`
    const value = last.perplexity ?? NaN
    return [
      { what: whatOf(stage), stage, label: label(stage), note, value, style: styleOf(stage), dash: levelDash[stage] },
    ]
  })
}

/** Keeps the later of two measurements at one step. */
function curveOf(measured: readonly Evaluation[]): Point[] {
  const recovered = measured.filter(({ stage }) => stage === 'recovered')
  const byStep = new Map(recovered.map(({ x, perplexity }) => [x, perplexity]))
  return [...byStep].map(([x, y]) => ({ x, y })).sort((a, b) => a.x - b.x)
}

// How much of each block's error a recovery leaves: of one run as bars, of several as lines.

/** The run's bars, and those of the runs that are laid over it as marks. */
export function errorBars([own, ...others]: readonly ChartedRun[], recovery: number): BarsData {
  const modes = modesOf(own.picture)
  const name = modes.length > 1 ? recoveryName(recovery, modes[recovery] ?? '') : (modes[0] ?? 'recovery')
  const done = (block: number) => own.picture.blocks.get(block)?.errors.has(recovery) ?? false
  return {
    title: `Error left after ${name}, by block`,
    xLabel: 'block',
    yLabel: 'of the error before',
    percent: true,
    top: 1,
    line: { value: 1, label: 'before' },
    markedMeans: 'far above the others, or worse than before',
    others: others.map(({ label, index, picture: other }) => ({
      label,
      style: seriesStyle(index),
      values: blockErrors(other, recovery).map(({ left }) => left),
    })),
    bars: blockErrors(own.picture, recovery).map(({ block, before, after, left, outlier }) => ({
      name: `block ${block}`,
      value: left ?? (done(block) ? NaN : null),
      text: done(block)
        ? `${formatShare(left)} left, mean squared error ${formatValue(before)} before, ${formatValue(after)} after`
        : 'not recovered yet',
      marked: outlier,
    })),
  }
}

/** A line over the blocks for each run, in one chart per mode: errors of a refit are of matrices, those of a reconstruction of blocks. */
export function errorCharts(runs: readonly ChartedRun[]): { chart: RunChart; text: ChartText }[] {
  const byMode = new Map<string, Series[]>()
  for (const { label, index, picture } of runs) {
    const modes = modesOf(picture)
    for (const recovery of recoveriesWithErrors(picture)) {
      const mode = modes[recovery] ?? 'recovery'
      const isOnly = modes.filter((one) => one === mode).length === 1
      const points = blockErrors(picture, recovery).flatMap(({ block, left }) =>
        left === null ? [] : [{ x: block, y: 100 * left }],
      )
      const name = isOnly ? label : `${label}, ${recoveryName(recovery, mode)}`
      const series: Series = { label: name, style: seriesStyle(index), points, marks: 'both' }
      byMode.set(mode, [...(byMode.get(mode) ?? []), series])
    }
  }
  return [...byMode].map(([mode, series]) => ({
    chart: { series, levels: [], xRange: null },
    text: {
      title: `Error left after ${mode}, by block`,
      xName: 'block',
      xLabel: 'block',
      yLabel: '% of the error before',
    },
  }))
}
