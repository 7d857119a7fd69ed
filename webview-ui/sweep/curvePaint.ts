// Hundreds of curves on a canvas, one path each, in the colours of their runs. SVG elements would be too slow for a live sweep.
import type { SeriesStyle } from '../../src/charts/chartData.ts'
import { markPath } from '../../src/charts/drawChart.ts'
import type { ChartLayout } from '../../src/charts/layout.ts'
import type { CurveData } from './curveData.ts'

export interface PaintedCurve {
  readonly data: CurveData
  readonly style: SeriesStyle
}

/** Up to this many curves have dashes and marks; more are thin lines. */
export const mostApart = 12
const mostMarked = 60

export function paintCurves(
  context: CanvasRenderingContext2D,
  curves: readonly PaintedCurve[],
  layout: ChartLayout,
  logY: boolean,
): void {
  const apart = curves.length <= mostApart
  context.clearRect(0, 0, layout.width, layout.height)
  context.save()
  context.beginPath()
  context.rect(layout.left, layout.top - 6, layout.right - layout.left + 8, layout.bottom - layout.top + 8)
  context.clip()
  context.lineJoin = 'round'
  // Bands of many would hide each other.
  if (apart) for (const { data, style } of curves) if (data.low.length > 0) paintBand(context, data, style, layout)
  for (const { data, style } of curves) {
    context.strokeStyle = style.colour
    context.globalAlpha = apart ? 1 : 0.6
    context.lineWidth = apart ? 1.6 : 1
    context.setLineDash(apart ? style.dash.split(' ').filter(Boolean).map(Number) : [])
    paintLine(context, data, layout, logY)
    if (apart && data.x.length <= mostMarked) paintMarks(context, data, style, layout)
  }
  context.restore()
}

function paintLine(context: CanvasRenderingContext2D, { x, y }: CurveData, layout: ChartLayout, logY: boolean): void {
  context.beginPath()
  let isDown = false
  for (let i = 0; i < x.length; i++) {
    const isShown = Number.isFinite(y[i]) && (!logY || y[i] > 0)
    if (!isShown) {
      isDown = false
      continue
    }
    if (isDown) context.lineTo(layout.x.at(x[i]), layout.y.at(y[i]))
    else context.moveTo(layout.x.at(x[i]), layout.y.at(y[i]))
    isDown = true
  }
  context.stroke()
}

function paintMarks(
  context: CanvasRenderingContext2D,
  { x, y }: CurveData,
  style: SeriesStyle,
  layout: ChartLayout,
): void {
  const mark = new Path2D(markPath(style.marker))
  context.fillStyle = style.colour
  for (let i = 0; i < x.length; i++) {
    const [across, up] = [layout.x.at(x[i]), layout.y.at(y[i])]
    if (!Number.isFinite(up)) continue
    context.translate(across, up)
    context.fill(mark)
    context.translate(-across, -up)
  }
}

function paintBand(
  context: CanvasRenderingContext2D,
  { x, low, high }: CurveData,
  style: SeriesStyle,
  layout: ChartLayout,
): void {
  const floor = (value: number) => {
    const at = layout.y.at(value)
    return Number.isFinite(at) ? at : layout.bottom
  }
  context.beginPath()
  for (let i = 0; i < x.length; i++) if (!Number.isNaN(high[i])) context.lineTo(layout.x.at(x[i]), layout.y.at(high[i]))
  for (let i = x.length - 1; i >= 0; i--) if (!Number.isNaN(low[i])) context.lineTo(layout.x.at(x[i]), floor(low[i]))
  context.closePath()
  context.globalAlpha = 0.15
  context.fillStyle = style.colour
  context.fill()
}
