// Curves along the recovery: the loss of a retraining, and what was measured in between.
import { chartTexts } from '../../src/charts/runCharts.ts'
import { Chart } from '../shared/chart.tsx'
import { charts, isCurve, lossCsv } from './charts.ts'
import { options, type ChartName } from './store.ts'

const logAxes: Record<ChartName, ('x' | 'y')[]> = { loss: ['x', 'y'], perplexity: ['x', 'y'], accuracy: ['x'] }

export function Curves() {
  return (
    <>
      <Curve name="loss" csv={lossCsv} />
      <Curve name="perplexity" />
      <Curve name="accuracy" />
    </>
  )
}

function Curve({ name, csv }: { name: ChartName; csv?: () => string }) {
  if (!isCurve(name)) return null
  const { looks } = options.value
  return (
    <div class="card">
      <Chart
        text={chartTexts[name]}
        data={charts.value[name]}
        look={looks[name]}
        onLook={(look) => (options.value = { ...options.value, looks: { ...looks, [name]: look } })}
        logAxes={logAxes[name]}
        csv={csv}
      />
    </div>
  )
}
