// The charts of docs/performance.md, drawn from the tables of bench/RESULTS.md.
//   npx tsx bench/charts.ts
import { readFileSync, writeFileSync } from 'node:fs'
import { chartFigure } from '../src/charts/figure.ts'
import { seriesStyle, type ChartData, type ChartText, type Series } from '../src/charts/chartData.ts'
import { svgFile } from '../src/charts/shape.ts'

const root = new URL('..', import.meta.url)

/** The cells of the rows under the table whose first header cell begins like this. */
export function tableOf(markdown: string, header: string): string[][] {
  const lines = markdown.split('\n')
  const first = lines.findIndex((line) => line.startsWith(`| ${header}`))
  if (first < 0) throw new Error(`bench/RESULTS.md has no table "${header}"`)
  const length = lines.slice(first).findIndex((line) => !line.startsWith('|'))
  return lines.slice(first + 2, first + length).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

/** "1,104.38 → 289.67": before and after. */
const numbersOf = (cell: string) => cell.split(' → ').map((text) => Number(text.replaceAll(',', '')))

/** @throws where there is nothing to draw. */
export function svgOf(data: ChartData, text: ChartText, keyed: Pick<ChartData, 'series' | 'levels'> = data): string {
  const chart = chartFigure(data, text, undefined, keyed)
  if (!chart) throw new Error('nothing to draw')
  return svgFile(chart)
}

/** Perplexity by sparsity, of each method alone and after a refit where that matters; magnitude alone is off every scale. */
export function methodsChart(results: string): string {
  const rows = tableOf(results, 'perplexity, alone')
  const lines = rows.flatMap(([method, ...cells]) => {
    const values = cells.slice(0, 3).map(numbersOf)
    const at = (stage: number) => values.map((pair, i) => ({ x: 50 + 10 * i, y: pair[stage] }))
    const [alone, refitted] = [at(0), at(1)]
    const gains = refitted[0].y < 0.95 * alone[0].y
    const name = method[0].toUpperCase() + method.slice(1)
    return [
      ...(method === 'magnitude' ? [] : [{ label: name, points: alone }]),
      ...(gains ? [{ label: `${name}, then refit`, points: refitted }] : []),
    ]
  })
  const series = lines.map((line, i): Series => ({ ...line, style: seriesStyle(i), marks: 'both' }))
  return svgOf(
    { series, levels: [], xRange: [50, 70], logX: false, logY: true },
    {
      title: 'SmolLM2-135M, nothing trained',
      xName: 'sparsity',
      xLabel: 'sparsity, %',
      yLabel: 'perplexity',
    },
  )
}

if (process.argv[1] === new URL(import.meta.url).pathname)
  writeFileSync(
    new URL('docs/images/methods.svg', root),
    methodsChart(readFileSync(new URL('bench/RESULTS.md', root), 'utf8')),
  )
