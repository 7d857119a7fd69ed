// A chart's values as text: all of them as a table or CSV, and those at one place, which pointer, keyboard and screen reader share.
import { bisectCenter, bisector } from 'd3-array'
import { toCsv } from '../formatting/tables.ts'
import { formatCount } from '../formatting/numbers.ts'
import { type ChartData, type ChartText, type SeriesStyle, valueText } from './chartData.ts'
import type { Point } from '../runs/series/smooth.ts'

export interface DataTable {
  heads: string[]
  /** A row with fewer cells than heads: its last cell spans the rest. */
  rows: { head: string; cells: string[] }[]
}

/** Levels first, then a row for every x; a series without a point at that x has an empty cell. */
export function chartTable(data: ChartData, chart: ChartText): DataTable {
  return tableOf(data, chart, formatCount)
}

/** The table of `chartTable` as CSV, with all digits of each number. */
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

interface ReadoutRow {
  label: string
  style: SeriesStyle
  /** Dash of a level, which has no marks; undefined: the style's own. */
  dash?: string
  /** The value as text, with "at step 12" if the nearest point of the series is at another x. */
  text: string
  /** Point to mark; null for levels and for values that are not numbers. */
  point: Point | null
}

export interface Readout {
  x: number | null
  title: string
  rows: ReadoutRow[]
}

/** All x at which a series has a point, in ascending order. */
export function placesOf({ series }: ChartData): number[] {
  return [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b)
}

export function nearestPlace(places: readonly number[], x: number): number | null {
  return places.length === 0 ? null : places[bisectCenter(places, x)]
}

/** The values at `x`, or at the point of each series nearest to it. `x` null: the levels alone. */
export function readoutAt({ series, levels }: ChartData, x: number | null, chart: ChartText): Readout {
  const { xName } = chart
  const rows = series.flatMap(({ label, style, points, raw }): ReadoutRow[] => {
    const point = x === null ? null : nearest(points, x)
    if (!point) return []
    const behind = raw && nearest(raw, point.x)
    const measured = behind && behind.x === point.x ? ` (measured ${valueText(chart, behind.y)})` : ''
    const elsewhere = point.x === x ? '' : ` at ${xName} ${formatCount(point.x)}`
    const text = `${valueText(chart, point.y, point.error)}${measured}${elsewhere}`
    return [{ label, style, text, point: point.y === null ? null : point }]
  })
  for (const { label, style, dash, value, error } of levels)
    rows.push({ label, style, dash, text: valueText(chart, value, error), point: null })
  return { x, title: x === null ? '' : `${xName} ${formatCount(x)}`, rows }
}

/** The readout as one sentence for a screen reader. */
export function readoutText({ title, rows }: Readout): string {
  const values = rows.map(({ label, text }) => `${label}: ${text}`).join('; ')
  if (values === '') return 'no values yet'
  return title === '' ? values : `${title}. ${values}`
}

const byX = bisector((point: Point) => point.x).center

function nearest(points: readonly Point[], x: number): Point | null {
  return points.length === 0 ? null : points[byX(points, x)]
}
