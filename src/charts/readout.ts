// The values at one place of a chart: of every series the nearest point, and the levels. Pointer, keyboard and screen reader
// are told the same.
import { bisectCenter, bisector } from 'd3-array'
import { formatCount } from '../formatting/numbers.ts'
import type { Point } from '../runs/series/smooth.ts'
import { valueText, type ChartData, type ChartText, type SeriesStyle } from './chartData.ts'

export interface ReadoutRow {
  label: string
  style: SeriesStyle
  /** Dash of a level, which has no marks; undefined: the style's own. */
  dash?: string
  /** The value in words; "at step 12" where this series has no point at the place itself. */
  text: string
  /** Place of the mark; null for levels and for what is not a number. */
  point: Point | null
}

export interface Readout {
  x: number | null
  title: string
  rows: ReadoutRow[]
}

/** Places that have a point, in order. */
export function placesOf({ series }: ChartData): number[] {
  return [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b)
}

export function nearestPlace(places: readonly number[], x: number): number | null {
  return places.length === 0 ? null : places[bisectCenter(places, x)]
}

/** `x` null: the levels alone. */
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
