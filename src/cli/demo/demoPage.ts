// The demo's results as one page: a bar for each perplexity, the table, links to each run's own report.
import { table, styles } from '../../engine/run/report/htmlReport.ts'
import { escapeText, shape, shapeText, type Shape } from '../../charts/shape.ts'
import { cellsOf, heads, type DemoRow } from './demoRuns.ts'

export interface ReportLink {
  readonly title: string
  /** Path relative to the page. */
  readonly path: string
}

export function demoPage(rows: readonly DemoRow[], reports: readonly ReportLink[]): string {
  const several = rows.filter(({ sparsity }) => sparsity === null).length > 1
  const [models, lose, their] = several
    ? ['Two language models', 'lose', 'their']
    : ['A language model', 'loses', 'its']
  const links = reports.map(({ title, path }) => `<li><a href="${encodeURI(path)}">${escapeText(title)}</a></li>`)
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>SparseScope demo</title>
<style>${styles}
th, td { padding: .25rem .5rem }</style>
<h1>Pruning the sample and winning it back</h1>
<p>${models} of about 2 million parameters, trained on the King James Bible, ${lose} 70 % of the weights in ${their} blocks.
Perplexity on books outside the training text (lower is better; logarithmic bars):</p>
${shapeText(bars(rows))}
${table(heads, rows.map(cellsOf))}
<h2>Each run in full</h2>
<ul>${links.join('')}</ul>
</html>
`
}

const colours = { pruned: '#d55e00', whole: '#0072b2' }
const [width, labels, barHeight, lineHeight] = [900, 330, 20, 30]

/** Logarithmic, from a little below the best. */
function bars(rows: readonly DemoRow[]): Shape {
  const logs = rows.map(({ perplexity }) => Math.log(perplexity))
  const least = Math.min(...logs) - 0.25
  const scale = (width - labels - 80) / (Math.max(...logs) - least)
  const lines = rows.map(({ title, perplexity, sparsity, cost }, i) => {
    const long = Math.round((logs[i] - least) * scale)
    const fill = sparsity !== null && cost === null ? colours.pruned : colours.whole
    const text = { y: 17, 'font-size': 13, fill: 'currentColor' }
    return shape(
      'g',
      { transform: `translate(0 ${i * lineHeight})` },
      shape('text', { ...text, x: labels - 10, 'text-anchor': 'end' }, title),
      shape('rect', { x: labels, y: 3, width: long, height: barHeight, fill }),
      shape('text', { ...text, x: labels + long + 8 }, perplexity.toFixed(2)),
    )
  })
  const box = `0 0 ${width} ${rows.length * lineHeight}`
  return shape('svg', { viewBox: box, role: 'img', 'aria-label': 'Perplexity of each model' }, ...lines)
}
