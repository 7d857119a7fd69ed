// What a line chart shows. Views and the report draw the same data by the same rules.
import { formatValue } from '../format/numbers.ts'
import type { Point } from '../series/smooth.ts'

/** Lines of several series differ by colour, dash and marker, so that none depends on colour alone. */
export interface SeriesStyle {
  colour: string
  dash: string
  marker: 'circle' | 'square' | 'triangle' | 'diamond'
}

export interface Series {
  label: string
  style: SeriesStyle
  points: Point[]
  /** Drawn faintly behind. */
  raw?: Point[]
  /** Points as marks, with a line or alone. */
  marks?: 'marks' | 'both'
  /** Written beside the last point. */
  note?: string
}

/** A value that belongs to no step, such as the dense model's: a dashed line across. */
export interface Level {
  /** In the readout and the key. */
  label: string
  /** Written on the line; empty for runs laid over. */
  note: string
  value: number
  /** Of the line; levels of one style differ by it. */
  dash: string
  /** Standard error of the value, in its unit: a band about the line. */
  error?: number | null
  style: SeriesStyle
}

export interface ChartData {
  series: Series[]
  levels: Level[]
  /** In sight whether or not there are points: the steps so far. */
  xRange: [number, number] | null
  /** Along x there is something between two whole numbers. */
  continuousX?: boolean
  logX: boolean
  logY: boolean
}

export interface ChartText {
  title: string
  /** One of the whole numbers along x: "step", "block". */
  xName: string
  xLabel: string
  yLabel: string
  /** How a value reads, with its standard error where it has one; `formatValue` where nothing else is said. */
  format?: (value: number | null, error: number | null) => string
}

export function valueText(
  { format = formatValue }: Pick<ChartText, 'format'>,
  value: number | null,
  error: number | null = null,
): string {
  return format(value, error)
}

/** Of the lines of dense and pruned. */
export const levelDash = { dense: '5 4', pruned: '2 3' }

export const emptyChart: ChartData = { series: [], levels: [], xRange: null, logX: false, logY: false }

// Okabe and Ito's palette, told apart with any kind of colour vision; without its yellow, which is too light on white.
const colours = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#d55e00', '#56b4e9']
const dashes = ['', '6 3', '2 3', '8 3 2 3', '12 4', '1 2']
const markers = ['circle', 'square', 'triangle', 'diamond'] as const

export function seriesStyle(index: number): SeriesStyle {
  return {
    colour: colours[index % colours.length],
    dash: dashes[index % dashes.length],
    marker: markers[index % markers.length],
  }
}

/** Has a place in the picture: a number, and on a log axis a positive one. */
export function isShown(y: number | null, { logY }: Pick<ChartData, 'logY'>): y is number {
  return y !== null && Number.isFinite(y) && (!logY || y > 0)
}

export function isEmpty(data: Pick<ChartData, 'series' | 'levels'>): boolean {
  return data.levels.length === 0 && data.series.every(({ points }) => points.length === 0)
}
