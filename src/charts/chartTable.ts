// The same chart as rows and columns, for everyone who would rather read numbers than look at lines.
import { toCsv } from '../formatting/csv.ts'
import { formatCount } from '../formatting/numbers.ts'
import { valueText, type ChartData, type ChartText } from './chartData.ts'

export interface DataTable {
  heads: string[]
  /** A row with fewer cells than heads: its last cell spans the rest. */
  rows: { head: string; cells: string[] }[]
}

/** Levels first, then a row for every place; a series without a point there has an empty cell. */
export function chartTable(data: ChartData, chart: ChartText): DataTable {
  return tableOf(data, chart, formatCount)
}

/** The same as a file, with every digit. */
export function chartCsv(data: ChartData, chart: ChartText): string {
  const format = (value: number | null) => (value === null ? 'NaN' : String(value))
  const { heads, rows } = tableOf(data, { ...chart, format }, String)
  const value = (text: string) => (text === '' || Number.isNaN(Number(text)) ? text : Number(text))
  return toCsv(
    heads,
    rows.map(({ head, cells }) => [value(head), ...cells.map(value)]),
  )
}

function tableOf({ series, levels }: ChartData, chart: ChartText, xText: (x: number) => string): DataTable {
  const columns = series.flatMap(({ label, points, raw }) => {
    const own = { head: label, points }
    return raw ? [own, { head: rawHead(label, series.length), points: raw }] : [own]
  })
  const values = columns.map(({ points }) => new Map(points.map(({ x, y, error }) => [x, valueText(chart, y, error)])))
  const places = [...new Set(columns.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b)
  const heads = columns.length > 0 ? columns.map(({ head }) => head) : ['value']
  return {
    heads: [chart.xName, ...heads],
    rows: [
      ...levels.map(({ label, value, error }) => ({ head: label, cells: [valueText(chart, value, error)] })),
      ...places.map((x) => ({ head: xText(x), cells: values.map((column) => column.get(x) ?? '') })),
    ],
  }
}

function rawHead(label: string, numSeries: number): string {
  return numSeries > 1 ? `${label.replace(/, smoothed$/, '')}, measured` : 'measured'
}
