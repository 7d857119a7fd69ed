// The data of a line chart, which views and the report draw by the same rules.
import type { Stage } from '../catalog/stages.ts'
import { formatValue } from '../formatting/numbers.ts'
import type { Point } from '../runs/series/smooth.ts'

/** Lines of several series differ by colour, dash and marker, not by colour alone. */
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
  /** Text beside the last point. */
  note?: string
}

/** A value that belongs to no step, such as the dense model's: a dashed line across. */
export interface Level {
  /** Name in the readout and the key. */
  label: string
  /** Text on the line; empty for overlaid runs. */
  note: string
  value: number
  /** Dash of the line, by which levels of one style differ. */
  dash: string
  /** Standard error of the value, in its unit: a band about the line. */
  error?: number | null
  style: SeriesStyle
}

export interface ChartData {
  series: Series[]
  levels: Level[]
  /** Range that is shown whether or not it has points: the steps so far. */
  xRange: [number, number] | null
  /** Values of x between two whole numbers are meaningful. */
  continuousX?: boolean
  logX: boolean
  logY: boolean
}

export interface ChartText {
  title: string
  /** Unit of the whole numbers along x: "step", "block". */
  xName: string
  xLabel: string
  yLabel: string
  /** Formats a value, with its standard error where it has one; `formatValue` by default. */
  format?: (value: number | null, error: number | null) => string
}

export function valueText(
  { format = formatValue }: Pick<ChartText, 'format'>,
  value: number | null,
  error: number | null = null,
): string {
  return format(value, error)
}

/** Dashes of the lines of the dense and the pruned model. */
export const levelDash = { dense: '5 4', pruned: '2 3' }

// Okabe and Ito's palette, distinguishable with any kind of colour vision. It is without yellow, and its orange and sky blue are darker,
// so that each colour has a contrast of 3:1 with white and with the background of dark themes.
const colours = ['#0072b2', '#b8860b', '#009e73', '#cc79a7', '#d55e00', '#3a95c9']
/** Colour of each stage of a model, in every picture of one run and in base.css. Contrast with the background as above. */
export const stageColours: Readonly<Record<Stage, string>> = {
  dense: '#808080',
  pruned: '#d55e00',
  recovered: colours[0],
}
const dashes = ['', '6 3', '2 3', '8 3 2 3', '12 4', '1 2']
const markers = ['circle', 'square', 'triangle', 'diamond'] as const

export function seriesStyle(index: number): SeriesStyle {
  return {
    colour: colours[index % colours.length],
    dash: dashes[index % dashes.length],
    marker: markers[index % markers.length],
  }
}

/** Whether a value can be drawn: it is finite, and positive on a log axis. */
export function isShown(y: number | null, { logY }: Pick<ChartData, 'logY'>): y is number {
  return y !== null && Number.isFinite(y) && (!logY || y > 0)
}

export function isEmpty(data: Pick<ChartData, 'series' | 'levels'>): boolean {
  return data.levels.length === 0 && data.series.every(({ points }) => points.length === 0)
}
