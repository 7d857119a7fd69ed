// Curves along the recovery: the loss of a retraining with its smoothing, and the measurements in between.
import { computed } from '@preact/signals'
import { accuracyChart, chartTexts, lossChart, perplexityChart, type RunChart } from '../../src/charts/runCharts.ts'
import { toCsv } from '../../src/formatting/tables.ts'
import { smooth } from '../../src/runs/series/smooth.ts'
import { Chart } from '../shared/chart.tsx'
import { Smoothing } from '../shared/parts.tsx'
import { settings } from '../shared/settings.ts'
import { all, options, smoothing, type ChartName } from './store.ts'

const logAxes: Record<ChartName, ('x' | 'y')[]> = { loss: ['x', 'y'], perplexity: ['x', 'y'], accuracy: ['x'] }

/** The curves of the shown runs, computed again when one of them grows. */
const charts = computed((): Record<ChartName, RunChart> => {
  const { maxPoints } = settings.value
  return {
    loss: lossChart(all.value, { smoothing: smoothing.value, maxPoints }),
    perplexity: perplexityChart(all.value),
    accuracy: accuracyChart(all.value),
  }
})

export function Curves() {
  return (
    <>
      <Curve name="loss" />
      <Curve name="perplexity" />
      <Curve name="accuracy" />
    </>
  )
}

const smoothBy = (to: number) => (options.value = { ...options.value, smoothing: to })

function Curve({ name }: { name: ChartName }) {
  if (!isCurve(name)) return null
  const { looks } = options.value
  const isLoss = name === 'loss'
  return (
    <div class="card">
      <Chart
        text={chartTexts[name]}
        data={charts.value[name]}
        look={looks[name]}
        onLook={(look) => (options.value = { ...options.value, looks: { ...looks, [name]: look } })}
        logAxes={logAxes[name]}
        csv={isLoss ? lossCsv : undefined}
        tools={isLoss && <Smoothing value={smoothing.value} choose={smoothBy} live />}
      />
    </div>
  )
}

/** A loss is drawn from its first step. One measurement is better seen on the recovery chart. */
function isCurve(name: ChartName): boolean {
  return charts.value[name].series.some(({ points }) => points.length > (name === 'loss' ? 0 : 1))
}

/** Raw and smoothed values with the weight, enough to draw the picture again. */
function lossCsv(): string {
  const lines = all.value.flatMap(({ label, picture }) => {
    return [...picture.lossByRecovery].flatMap(([recovery, points]) => {
      const smoothed = smooth(points, smoothing.value)
      return points.map((p, i) => [label, recovery, p.x, p.y ?? 'NaN', smoothed[i].y ?? 'NaN', picture.lr[p.x - 1]?.y])
    })
  })
  return toCsv(['run', 'recovery', 'step', 'loss', `loss_smoothed_${smoothing.value}`, 'lr'], lines)
}
