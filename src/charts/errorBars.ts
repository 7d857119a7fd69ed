// How much of each block's error a recovery leaves: of one run as bars, of several as lines.
import { formatShare, formatValue } from '../formatting/numbers.ts'
import { blockErrors, recoveriesWithErrors } from '../runs/series/blockErrors.ts'
import { modesOf, recoveryName } from '../runs/series/recoveryName.ts'
import { seriesStyle, type ChartText, type Series } from './chartData.ts'
import type { BarsData } from './drawBars.ts'
import type { ChartedRun, RunChart } from './runCharts.ts'

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

/** A line over the blocks for each run, in a chart for each way of recovering: a refit's errors are of matrices, a reconstruction's of blocks. */
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
