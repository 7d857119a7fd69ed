// The curves of the runs that are shown, made anew when one of them has grown.
import { computed } from '@preact/signals'
import { accuracyChart, lossChart, perplexityChart, type RunChart } from '../../src/charts/runCharts.ts'
import { toCsv } from '../../src/formatting/tables.ts'
import { smooth } from '../../src/runs/series/smooth.ts'
import { settings } from '../shared/settings.ts'
import { all, smoothing, type ChartName } from './store.ts'

export const charts = computed((): Record<ChartName, RunChart> => {
  const { maxPoints } = settings.value
  return {
    loss: lossChart(all.value, { smoothing: smoothing.value, maxPoints }),
    perplexity: perplexityChart(all.value),
    accuracy: accuracyChart(all.value),
  }
})

/** A loss is a curve from its first step. Of measurements one or two are on the recovery chart, where they are better seen. */
export function isCurve(name: ChartName): boolean {
  return charts.value[name].series.some(({ points }) => points.length > (name === 'loss' ? 0 : 1))
}

/** Raw and smoothed side by side, with the weight, so that the picture can be made again. */
export function lossCsv(): string {
  const lines = all.value.flatMap(({ label, picture }) => {
    return [...picture.lossByRecovery].flatMap(([recovery, points]) => {
      const smoothed = smooth(points, smoothing.value)
      return points.map((p, i) => [label, recovery, p.x, p.y ?? 'NaN', smoothed[i].y ?? 'NaN', picture.lr[p.x - 1]?.y])
    })
  })
  return toCsv(['run', 'recovery', 'step', 'loss', `loss_smoothed_${smoothing.value}`, 'lr'], lines)
}
