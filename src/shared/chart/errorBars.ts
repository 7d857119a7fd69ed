// How much of each block's error a recovery leaves, as bars.
import { formatShare, formatValue } from '../format/numbers.ts'
import { blockErrors } from '../series/blockErrors.ts'
import { modesOf, recoveryName } from '../series/recoveryName.ts'
import { seriesStyle } from './chartData.ts'
import type { BarsData } from './drawBars.ts'
import type { ChartedRun } from './runCharts.ts'

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
