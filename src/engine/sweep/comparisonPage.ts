// Several runs as one HTML page that needs nothing else: table, Pareto front, curves.
import {
  accuracyChart,
  type ChartedRun,
  chartTexts,
  errorCharts,
  lossChart,
  perplexityChart,
} from '../../charts/runCharts.ts'
import { chartFigure } from '../../charts/figure.ts'
import { defaultLook, scatterChart } from '../../charts/scatterChart.ts'
import { escapeText, shapeText } from '../../charts/shape.ts'
import { comparisonTable, type ComparisonTitle } from '../../runs/compared/comparisonTable.ts'
import type { FoldedRun } from '../../runs/compared/foldSeeds.ts'
import { onDenseLogits } from '../../runs/compared/comparedRun.ts'
import { ink, styles, table } from '../run/report/htmlReport.ts'
import type { PicturedRun } from './compareRuns.ts'

/** More lines cannot be distinguished. */
export const mostCurves = 12
const maxPoints = 800

export interface ComparedOnPage {
  readonly title: ComparisonTitle
  readonly runs: readonly FoldedRun[]
  /** The first single runs with their pictures; `left` counts the others that have events. */
  readonly pictures: readonly PicturedRun[]
  readonly left: number
  /** A sentence for each run that failed. */
  readonly failures: readonly string[]
}

export function comparisonPage({ title: { title, about }, runs, pictures, left, failures }: ComparedOnPage): string {
  const { heads, rows } = comparisonTable(runs)
  const curves = pictures.map(({ label, picture }, index): ChartedRun => ({ label, index, picture }))
  const linear = { logX: false, logY: false }
  // Losses of the text and losses against the dense model's logits have no common axis.
  const onLogits = curves.filter((_, i) => pictures[i].facts.recovery.includes(onDenseLogits))
  const onText = curves.filter((curve) => !onLogits.includes(curve))
  const loss = (some: ChartedRun[]) => ({ ...lossChart(some, { smoothing: 0, maxPoints }), ...linear, logY: true })
  const scatter = scatterChart(runs, defaultLook(runs))
  const charts = [
    chartFigure({ ...scatter.chart, ...linear, logY: true, continuousX: true }, scatter.text, ink),
    chartFigure({ ...perplexityChart(curves), ...linear, logY: true }, chartTexts.perplexity, ink),
    chartFigure({ ...accuracyChart(curves), ...linear }, chartTexts.accuracy, ink),
    ...errorCharts(curves).map(({ chart, text }) => chartFigure({ ...chart, ...linear }, text, ink)),
    chartFigure(loss(onText), chartTexts.loss, ink),
    chartFigure(
      loss(onLogits),
      { ...chartTexts.loss, title: 'Loss on the dense model’s logits while retraining' },
      ink,
    ),
  ]
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeText(title)}</title>
<style>${styles}
body { max-width: 72rem }
.wide { overflow-x: auto; font-size: .9em }
.wide th, .wide td { padding: .25rem .5rem } .wide td { white-space: nowrap }</style>
<h1>${escapeText(title)}</h1>
<p>${escapeText(about)}</p>
<div class="wide" tabindex="0" role="region" aria-label="Runs">${table(heads, rows)}</div>
${seedNote(runs)}
${failures.map((text) => `<p class="message">${escapeText(text)}</p>`).join('\n')}
${charts.map((figure) => (figure ? shapeText(figure) : '')).join('\n')}
${left > 0 ? `<p>The curves are those of the first ${curves.length} runs; ${left} more are in the table only.</p>` : ''}
</html>
`
}

function seedNote(runs: readonly FoldedRun[]): string {
  const most = Math.max(1, ...runs.map(({ members }) => members.length))
  return most > 1
    ? '<p>Runs that differ only by their seed are one row: the median, and from lowest to highest.</p>'
    : ''
}
