// Places of the parts of a chart.
import { makeAxis, type Axis } from './axis.ts'
import type { Point } from '../runs/series/smooth.ts'
import { isShown, type ChartData, type ChartText } from './chartData.ts'

export interface ChartLayout {
  width: number
  height: number
  left: number
  right: number
  top: number
  bottom: number
  x: Axis
  y: Axis
}

/** Approximate width of a character in labels of 11 px. */
const characterWidth = 6.3
const [pixelsPerTick, pixelsPerRow] = [80, 40]

export function textWidth(text: string): number {
  return text.length * characterWidth
}

/** `head` and `foot` are left free above the y axis's name and below the x axis's. */
export function layOutChart(
  data: ChartData,
  size: { width: number; height: number; head?: number; foot?: number },
): ChartLayout {
  const { width, height, head = 0, foot = 0 } = size
  const [top, bottom] = [head + 24, height - foot - 36]
  const right = width - 16
  const xs = [...data.series.flatMap(({ points }) => points.map(({ x }) => x)), ...(data.xRange ?? [])]
  const ys = [
    ...data.series.flatMap(({ points, raw = [] }) => [...points, ...raw].flatMap(endsOf)),
    ...data.levels.flatMap(({ value, error }) => endsOf({ y: value, error })),
  ]
  const shown = ys.filter((y) => isShown(y, data))
  const y = makeAxis(shown, [bottom, top], (bottom - top) / pixelsPerRow, { log: data.logY, whole: false })
  const left = 14 + Math.max(16, ...y.ticks.map(({ label }) => textWidth(label)))
  const x = makeAxis(xs, [left, right], (right - left) / pixelsPerTick, { log: data.logX, whole: !data.continuousX })
  return { width, height, left, right, top, bottom, x, y }
}

/** Numbers of a value: itself, the ends of its error bar and of its range. */
function endsOf({ y, error = null, low, high }: Omit<Point, 'x'>): (number | null)[] {
  if (low !== undefined && high !== undefined) return [y, low, high]
  return y === null || error === null ? [y] : [y - error, y + error]
}

/** Whether there is nothing along x, so that the axis has no name either. */
export function xLabelOf({ x }: ChartLayout, { xLabel }: ChartText): string {
  return x.ticks.length === 0 ? '' : xLabel
}
