// Hundreds of curves of one unit on a canvas, with axes in SVG. A tooltip names the curve under the pointer.
import { useMemo, useRef, useState } from 'preact/hooks'
import type { ChartData, ChartText, Series, SeriesStyle } from '../../src/charts/chartData.ts'
import type { DataTable } from '../../src/charts/chartValues.ts'
import { drawChart, markPath } from '../../src/charts/drawChart.ts'
import { chartFigure } from '../../src/charts/figure.ts'
import { type ChartLayout, layOutChart } from '../../src/charts/layout.ts'
import { toCsv } from '../../src/formatting/tables.ts'
import { formatCount, formatValue, plural } from '../../src/formatting/numbers.ts'
import { context2d, usePainting } from '../shared/canvas.ts'
import { type ChartLook, logSwitches } from '../shared/chart.tsx'
import { drawn, Picture, pixelOf, Tip, useRoomFor } from '../shared/picture.tsx'
import { Figure } from '../shared/figure.tsx'
import { Key } from '../shared/legend.tsx'
import { theme } from '../shared/theme.ts'
import { type CurveData, type Extent, extentOf, nearestIndex, pointsOf } from './curveData.ts'
import type { Entry } from './entries.ts'
import { toggle } from './store.ts'

interface CurveFigureProps {
  readonly text: ChartText
  readonly entries: readonly Entry[]
  /** One per entry, in a new array at each render. `version` changes only when a curve does. */
  readonly data: readonly CurveData[]
  readonly version: unknown
  readonly isWhole: boolean
  /** CSS pixels. */
  readonly height: number
  readonly look: ChartLook
  readonly onLook: (look: ChartLook) => void
}

const narrowest = 260
const reach = 14
const mostNamed = 6

export function CurveFigure({ text, entries, data, version, isWhole, height, look, onLook }: CurveFigureProps) {
  const { logX, logY } = look
  const extent = useMemo(() => extentOf(data, logX, logY), [version, data.length, logX, logY])
  const csv = () =>
    toCsv(
      ['run', text.xName, text.yLabel, 'low', 'high'],
      entries.flatMap(({ label }, i) =>
        pointsOf(data[i]).map(({ x, y, low, high }) => [label, x, y ?? 'NaN', low ?? '', high ?? '']),
      ),
    )
  return (
    <Figure
      title={text.title}
      figure={() => figureOf(text, entries, data, look)}
      csv={csv}
      table={() => valuesTable(text, entries, data)}
      switches={logSwitches(look, onLook)}
    >
      {extent ? (
        <>
          <Curves {...{ text, entries, data, extent, look, height }} />
          <CurveKey entries={entries} data={data} />
        </>
      ) : (
        <p class="empty" role="status">
          {isWhole ? `No run has a curve of ${text.title.toLowerCase()} yet.` : 'Reading the curves…'}
        </p>
      )}
    </Figure>
  )
}

interface PictureProps extends Pick<CurveFigureProps, 'text' | 'entries' | 'data' | 'look' | 'height'> {
  readonly extent: Extent
}

function Curves({ text, entries, data, extent, look, height }: PictureProps) {
  const { place, width } = useRoomFor(narrowest)
  const canvas = useRef<HTMLCanvasElement>(null)
  const layout = useMemo(
    () => layOutChart(endsOf(extent, look), { width, height }),
    [extent, look.logX, look.logY, width],
  )
  const ink = theme.value
  const axes = useMemo(
    () => drawn(drawChart(layout, { ...endsOf(extent, look), series: [] }, text, ink)),
    [layout, text.yLabel, ink],
  )
  const [at, setAt] = useState<{ x: number; y: number } | null>(null)
  usePainting(() => {
    if (!canvas.current) return
    const painted = entries.map(({ style }, i) => ({ data: data[i], style }))
    paintCurves(context2d(canvas.current, width, height), painted, layout, look.logY)
  })
  const found = at && nearestCurve(text, data, layout, at)
  return (
    <Picture
      {...{ place, width, height }}
      class="curvePicture"
      role="img"
      aria-label={`${text.title} of ${plural(entries.length, 'run')}; its menu shows the numbers as a table`}
      drawing={axes}
      onPointerMove={(event) => setAt(pixelOf(event))}
      onPointerLeave={() => setAt(null)}
      onClick={(event) => {
        const hit = nearestCurve(text, data, layout, pixelOf(event))
        if (hit) toggle(entries[hit.curve])
      }}
    >
      <canvas ref={canvas} aria-hidden="true" />
      {at && found && (
        <Tip x={at.x} top={at.y - 30} width={width} title={entries[found.curve].label}>
          {found.text}
        </Tip>
      )}
    </Picture>
  )
}

/** Each curve with its last value; only a count where there are many curves. */
function CurveKey({ entries, data }: Pick<CurveFigureProps, 'entries' | 'data'>) {
  const last = (i: number) => (data[i].y.length === 0 ? 'no values yet' : formatValue(data[i].y.at(-1)))
  return (
    <div class="chartKey" role="group" aria-label="Curves and their last values">
      {entries.length > mostNamed ? (
        <span class="muted">{`${formatCount(entries.length)} curves, in the colours and dashes of the points. Select rows to see fewer.`}</span>
      ) : (
        entries.map(({ key, label, style }, i) => (
          <Key key={key} style={style}>
            {`${label}: ${last(i)}`}
          </Key>
        ))
      )}
    </div>
  )
}

/** Data of a chart with two points, the corners of the extent: its axes are those of all curves. */
function endsOf({ x, y }: Extent, { logX, logY }: ChartLook): ChartData {
  const style = { colour: '', dash: '', marker: 'circle' } as const
  const points = [0, 1].map((i) => ({ x: x[i], y: y[i] }))
  return { series: [{ label: '', style, points }], levels: [], xRange: null, logX, logY }
}

function figureOf(text: ChartText, entries: readonly Entry[], curves: readonly CurveData[], { logX, logY }: ChartLook) {
  const series = entries.map(({ label, style }, i): Series => ({ label, style, points: pointsOf(curves[i]) }))
  const keyed = { series: series.length > 2 * mostApart ? [] : series, levels: [] }
  return chartFigure({ series, levels: [], xRange: null, logX, logY }, text, undefined, keyed)
}

function valuesTable({ xName }: ChartText, entries: readonly Entry[], curves: readonly CurveData[]): DataTable {
  return {
    heads: ['run', 'first', 'lowest', 'last', `last ${xName}`],
    rows: entries.map(({ label }, i) => {
      const { x, y } = curves[i]
      const numbers = y.filter(Number.isFinite)
      const lowest = numbers.reduce((least, value) => Math.min(least, value), Infinity)
      const values = y.length === 0 ? ['–', '–', '–'] : [y[0], lowest, y[y.length - 1]].map(formatValue)
      return { head: label, cells: [...values, x.length === 0 ? '–' : formatCount(x[x.length - 1])] }
    }),
  }
}

function nearestCurve(
  { xName }: ChartText,
  curves: readonly CurveData[],
  layout: ChartLayout,
  { x, y }: { x: number; y: number },
): { curve: number; text: string } | null {
  const value = layout.x.valueAt(x)
  let [curve, closest, at] = [-1, reach, -1]
  for (let i = 0; i < curves.length; i++) {
    if (curves[i].x.length === 0) continue
    const index = nearestIndex(curves[i], value)
    const distance = Math.hypot(layout.x.at(curves[i].x[index]) - x, layout.y.at(curves[i].y[index]) - y)
    if (distance < closest) [curve, closest, at] = [i, distance, index]
  }
  if (curve < 0) return null
  return { curve, text: `${formatValue(curves[curve].y[at])} at ${xName} ${formatCount(curves[curve].x[at])}` }
}

// Hundreds of curves on a canvas, one path each, in the colours of their runs. SVG elements would be too slow for a live sweep.
interface PaintedCurve {
  readonly data: CurveData
  readonly style: SeriesStyle
}

/** Up to this many curves have dashes and marks; more are thin lines. */
const mostApart = 12
const mostMarked = 60

function paintCurves(
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
  // Bands of many curves would hide each other.
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
