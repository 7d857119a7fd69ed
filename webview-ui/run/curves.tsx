// Measurements of a run: dense, pruned and recovered on one axis, with a sentence on the gap that recovery closed; and the curves along
// the recovery: the loss of a retraining with its smoothing, and the measurements in between.
import { computed } from '@preact/signals'
import type { DataTable } from '../../src/charts/chartValues.ts'
import { drawRecoveryChart, recoveryFigure, recoveryChartHeight } from '../../src/charts/drawRecoveryChart.ts'
import { accuracyChart, chartTexts, lossChart, perplexityChart, type RunChart } from '../../src/charts/runCharts.ts'
import { stages } from '../../src/catalog/stages.ts'
import { toCsv } from '../../src/formatting/tables.ts'
import { formatWonBack } from '../../src/formatting/numbers.ts'
import { recoveryChartTitle } from '../../src/runs/series/recoveryChart.ts'
import { smooth } from '../../src/runs/series/smooth.ts'
import { Chart } from '../shared/chart.tsx'
import { Figure } from '../shared/figure.tsx'
import { Say, Smoothing } from '../shared/parts.tsx'
import { drawn, Picture, useRoomFor } from '../shared/picture.tsx'
import { settings } from '../shared/settings.ts'
import { theme } from '../shared/theme.ts'
import { all, options, picture, recoveryCharts, type RecoveryChartGroup, smoothing, type ChartName } from './store.ts'

export function RecoveryCharts() {
  return (
    <section class="recoveryCharts" aria-label="Cost of pruning and gap closed by recovery">
      {recoveryCharts.value.map((group, i) => (
        <RecoveryFigure group={group} titled={i === 0} />
      ))}
    </section>
  )
}

function RecoveryFigure({ group: { name, rows }, titled }: { group: RecoveryChartGroup; titled: boolean }) {
  const what = recoveryChartTitle(picture.value)
  const table = (): DataTable => ({
    heads: ['run', ...stages, 'gap closed'],
    rows: rows.map(({ label, chart: { marks, wonBack, better } }) => ({
      head: label,
      cells: [
        ...stages.map((stage) => marks[stage]?.text ?? '–'),
        wonBack === null ? '–' : formatWonBack(wonBack, better),
      ],
    })),
  })
  const csv = () =>
    toCsv(
      ['run', ...stages],
      rows.map(({ label, chart }) => [label, ...stages.map((stage) => chart.marks[stage]?.value)]),
    )
  return (
    <Figure
      title={titled ? what : `${what}: ${name}`}
      name="recovery"
      figure={() => recoveryFigure(rows, `${what}: ${name}`)}
      csv={csv}
      table={table}
    >
      <Say text={rows.at(0)?.chart.words ?? 'Nothing is measured yet.'} />
      <RecoveryPicture rows={rows} />
    </Figure>
  )
}

function RecoveryPicture({ rows }: Pick<RecoveryChartGroup, 'rows'>) {
  const { place, width } = useRoomFor(300)
  const drawing = drawRecoveryChart(rows, width, theme.value)
  return (
    <Picture
      {...{ place, width, height: drawing ? recoveryChartHeight(rows) : 0 }}
      class="recoveryPicture"
      role="img"
      aria-label={rows.map(({ chart }) => chart.words).join(' ')}
      drawing={drawing && drawn(drawing)}
    />
  )
}

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

/** A loss is drawn from its first point. Other curves need two points, because the recovery chart shows a single measurement better. */
function isCurve(name: ChartName): boolean {
  return charts.value[name].series.some(({ points }) => points.length > (name === 'loss' ? 0 : 1))
}

/** Raw and smoothed losses, with the smoothing weight and the learning rate: enough to draw the chart again. */
function lossCsv(): string {
  const lines = all.value.flatMap(({ label, picture }) => {
    return [...picture.lossByRecovery].flatMap(([recovery, points]) => {
      const smoothed = smooth(points, smoothing.value)
      return points.map((p, i) => [label, recovery, p.x, p.y ?? 'NaN', smoothed[i].y ?? 'NaN', picture.lr[p.x - 1]?.y])
    })
  })
  return toCsv(['run', 'recovery', 'step', 'loss', `loss_smoothed_${smoothing.value}`, 'lr'], lines)
}
