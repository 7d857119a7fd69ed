// The charts of docs/performance.md, drawn from the tables of bench/RESULTS.md.
//   npx tsx bench/charts.ts
import { readFileSync, writeFileSync } from 'node:fs'
import { chartFigure } from '../src/charts/figure.ts'
import {
  levelDash,
  seriesStyle,
  stageColours,
  type ChartData,
  type ChartText,
  type Level,
  type Series,
} from '../src/charts/chartData.ts'
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

/** The line of the dense model; none where its perplexity is not known. */
export function denseLevel(value: number | null | undefined): Level[] {
  if (value === null || value === undefined) return []
  const style = { ...seriesStyle(0), colour: stageColours.dense, dash: levelDash.dense }
  return [{ label: 'dense', note: 'dense', value, dash: levelDash.dense, style }]
}

/** @throws where there is nothing to draw. */
export function svgOf(data: ChartData, text: ChartText, keyed: Pick<ChartData, 'series' | 'levels'> = data): string {
  const chart = chartFigure(data, text, undefined, keyed)
  if (!chart) throw new Error('nothing to draw')
  return svgFile(chart)
}

/** Perplexity by sparsity, of each method alone and after a refit where that matters; magnitude alone is off every scale. */
export function methodsChart(results: string): string {
  const rows = tableOf(results, 'perplexity, alone')
  const dense = tableOf(results, 'pruned').find(([pruned]) => pruned === 'dense')
  const series = rows.flatMap(([method, ...cells], i): Series[] => {
    const values = cells.slice(0, 3).map(numbersOf)
    const at = (stage: number) => values.map((pair, i) => ({ x: 50 + 10 * i, y: pair[stage] }))
    const [alone, refitted] = [at(0), at(1)]
    const gains = refitted[0].y < 0.95 * alone[0].y
    const name = method[0].toUpperCase() + method.slice(1)
    // One colour a method; the refit is dashed.
    const style = { ...seriesStyle(i), dash: '' }
    const refit: Series = {
      label: `${name}, then refit`,
      points: refitted,
      style: { ...style, dash: '6 3' },
      marks: 'both',
    }
    return [
      ...(method === 'magnitude' ? [] : [{ label: name, points: alone, style, marks: 'both' as const }]),
      ...(gains ? [refit] : []),
    ]
  })
  const levels = denseLevel(dense && Number(dense[2]))
  return svgOf(
    { series, levels, xRange: [50, 70], logX: false, logY: true },
    {
      title: 'SmolLM2-135M on Brown, nothing trained',
      xName: 'sparsity',
      xLabel: 'sparsity, %',
      yLabel: 'perplexity',
    },
  )
}

/** Parameters in millions of the models of the table "half pruned", in its order; each has four columns behind the first three. */
const sizes = [135, 494, 1544]

/** Perplexity on Wikipedia, divided by that of the dense model, by the size of the model: does recovery gain more where models are larger? */
export function sizesChart(results: string): string {
  const rows = tableOf(results, 'half pruned')
  const wikipedia = (cells: string[]) => sizes.map((_, i) => cells[4 + 4 * i].replaceAll(',', ''))
  const dense = wikipedia(rows[0])
  const series = rows.slice(1).map((cells, i): Series => {
    const [method, recovery] = cells
    const points = wikipedia(cells).flatMap((cell, k) =>
      cell ? [{ x: sizes[k], y: Number(cell) / Number(dense[k]) }] : [],
    )
    const label = recovery ? `${method}, ${recovery}` : method
    return { label, points, style: { ...seriesStyle(i), dash: recovery ? '6 3' : '' }, marks: 'both' }
  })
  return svgOf(
    { series, levels: [], xRange: [sizes[0], sizes[2]], logX: true, logY: true },
    {
      title: 'Half of the weights pruned, on Wikipedia',
      xName: 'parameters',
      xLabel: 'parameters, millions',
      yLabel: 'perplexity, times that of the dense model',
    },
  )
}

/** The pictures of documents, by the name of their file. */
export const pictures = { 'methods.svg': methodsChart, 'sizes.svg': sizesChart }

if (process.argv[1] === new URL(import.meta.url).pathname)
  for (const [name, draw] of Object.entries(pictures))
    writeFileSync(new URL(`docs/images/${name}`, root), draw(readFileSync(new URL('bench/RESULTS.md', root), 'utf8')))
