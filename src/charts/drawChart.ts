// A line chart that hides nothing: the raw line is drawn behind the smoothed one, gaps stay gaps, levels have their own lines, and
// standard errors are shown where there are any.
import { area, line, symbol, symbolCircle, symbolDiamond, symbolSquare, symbolTriangle } from 'd3-shape'
import { formatValue } from '../formatting/numbers.ts'
import type { Point } from '../runs/series/smooth.ts'
import { type ChartData, type ChartText, isShown, type Level, type Series, type SeriesStyle } from './chartData.ts'
import { type ChartLayout, textWidth, xLabelOf } from './layout.ts'
import { shape, type Shape } from './shape.ts'

/** Colours of everything that is not a series. */
export interface Ink {
  text: string
  muted: string
  error: string
  /** Background of labels, which keeps lines from crossing them out; null if unknown. */
  paper: string | null
  font: string
}

/** Colours on white paper. */
export const paperInk: Ink = {
  text: '#1f1f1f',
  muted: '#555555',
  error: '#b5200d',
  paper: '#ffffff',
  font: 'Helvetica, Arial, sans-serif',
}

const symbols = { circle: symbolCircle, square: symbolSquare, triangle: symbolTriangle, diamond: symbolDiamond }

export function markPath(marker: SeriesStyle['marker'], size = 44): string {
  return symbol(symbols[marker], size)() ?? ''
}

/** The parts of the picture, for an `svg` of the layout's size. */
export function drawChart(layout: ChartLayout, data: ChartData, text: ChartText, ink: Ink): Shape {
  return shape(
    'g',
    { 'font-size': 11, 'font-family': ink.font, fill: ink.text },
    ...drawAxes(layout, text, ink),
    ...data.series.flatMap((series) => drawSeries(series, layout, data, ink)),
    ...data.levels.filter(({ value }) => isShown(value, data)).map((level) => drawLevel(level, layout)),
    ...drawNotes(layout, data, ink),
  )
}

function drawAxes(layout: ChartLayout, text: ChartText, ink: Ink): Shape[] {
  const { left, right, top, bottom, x, y } = layout
  // Grid lines are faint in every theme, because they show no values.
  const line = (x1: number, y1: number, x2: number, y2: number, opacity = 0.25) =>
    shape('line', { class: 'grid', x1, x2, y1, y2, stroke: ink.muted, 'stroke-opacity': opacity })
  const label = (className: string, at: { x: number; y: number }, anchor: string, words: string) =>
    shape('text', { class: className, ...at, 'text-anchor': anchor, fill: ink.muted }, words)
  return [
    ...y.ticks.flatMap(({ value, label: words }) => [
      line(left, y.at(value), right, y.at(value)),
      label('tick yTick', { x: left - 6, y: y.at(value) + 4 }, 'end', words),
    ]),
    line(left, bottom, right, bottom, 0.7),
    ...x.ticks.flatMap(({ value, label: words }) => [
      line(x.at(value), bottom, x.at(value), bottom + 4, 0.7),
      label('tick xTick', { x: x.at(value), y: bottom + 16 }, 'middle', words),
    ]),
    label('axisName', { x: right, y: bottom + 31 }, 'end', xLabelOf(layout, text)),
    label('axisName', { x: 4, y: top - 12 }, 'start', text.yLabel),
  ]
}

function drawSeries({ style, points, raw, marks }: Series, layout: ChartLayout, data: ChartData, ink: Ink) {
  const { x, y } = layout
  const path = line<Point>()
    .defined((p) => isShown(p.y, data))
    .x((p) => x.at(p.x))
    .y((p) => y.at(p.y ?? 0))
  const stroke = { fill: 'none', stroke: style.colour }
  const drawn: Shape[] = []
  if (!marks) drawn.push(...drawBand(points, layout, data, style))
  if (raw) drawn.push(shape('path', { class: 'raw', ...stroke, opacity: 0.45, d: path(raw) ?? '' }))
  if (marks !== 'marks') {
    const dash = { 'stroke-width': 1.6, 'stroke-dasharray': style.dash }
    drawn.push(shape('path', { class: 'line', ...stroke, ...dash, d: path(points) ?? '' }))
  }
  points.forEach((point, i) => {
    if (!isShown(point.y, data)) {
      if (point.y === null || point.y === Infinity) drawn.push(drawGap(x.at(point.x), layout.bottom, ink, point.y))
      return
    }
    // A point between two gaps has no line, so it would be invisible without a mark.
    const alone = !isShown(points[i - 1]?.y ?? null, data) && !isShown(points[i + 1]?.y ?? null, data)
    if (!marks && !alone) return
    if (point.error) drawn.push(drawBar(point.y - point.error, point.y + point.error, x.at(point.x), layout, style))
    if (point.low !== undefined && point.high !== undefined)
      drawn.push(drawBar(point.low, point.high, x.at(point.x), layout, style))
    const transform = `translate(${x.at(point.x)} ${y.at(point.y)})`
    drawn.push(shape('path', { class: 'mark', d: markPath(style.marker), transform, fill: style.colour }))
  })
  return drawn
}

/** Draws a value that is not a number, or overflows, as a cross on the axis, never a silent hole. */
export function drawGap(x: number, y: number, ink: Ink, value: number | null = null): Shape {
  const d = `M${x - 4} ${y - 4}L${x + 4} ${y + 4}M${x - 4} ${y + 4}L${x + 4} ${y - 4}`
  return shape(
    'path',
    { class: 'gap', d, stroke: ink.error, 'stroke-width': 2 },
    shape('title', {}, value === null ? 'not a number' : formatValue(value)),
  )
}

/** The band from the lowest to the highest of several runs, behind their median. */
function drawBand(points: readonly Point[], { x, y, bottom }: ChartLayout, data: ChartData, style: SeriesStyle) {
  const ranged = points.filter((p) => p.low !== undefined && p.high !== undefined && isShown(p.y, data))
  if (ranged.length < 2) return []
  const path = area<Point>()
    .x((p) => x.at(p.x))
    .y0((p) => lowEnd(p.low ?? 0, y, bottom))
    .y1((p) => y.at(p.high ?? 0))
  return [shape('path', { class: 'band', d: path(ranged) ?? '', fill: style.colour, 'fill-opacity': 0.15 })]
}

/** The bar of one standard error up and down, or from the lowest seed to the highest. */
function drawBar(from: number, to: number, x: number, { y, bottom }: ChartLayout, style: SeriesStyle): Shape {
  const [high, low] = [y.at(to), lowEnd(from, y, bottom)]
  const d = `M${x} ${high}V${low}M${x - 4} ${high}h8M${x - 4} ${low}h8`
  return shape('path', { class: 'errorBar', d, fill: 'none', stroke: style.colour, 'stroke-width': 1.2 })
}

function drawLevel({ value, error, style, dash }: Level, { left, right, bottom, y }: ChartLayout): Shape {
  const [stroke, at] = [{ stroke: style.colour, 'stroke-width': 1.4, 'stroke-dasharray': dash }, y.at(value)]
  const line = shape('line', { class: 'level', x1: left, x2: right, y1: at, y2: at, ...stroke })
  if (!error) return line
  const [high, low] = [y.at(value + error), lowEnd(value - error, y, bottom)]
  const band = { x: left, y: high, width: right - left, height: low - high, fill: style.colour, 'fill-opacity': 0.12 }
  return shape('g', {}, shape('rect', { class: 'errorBand', ...band }), line)
}

/** Lower end of a bar. On a log axis, values of 0 and below have no place, so the bar then extends to the bottom of the chart. */
function lowEnd(value: number, y: ChartLayout['y'], bottom: number): number {
  const at = y.at(value)
  return Number.isFinite(at) ? at : bottom
}

/** Names of levels and last points, without overlap. */
function drawNotes(layout: ChartLayout, data: ChartData, ink: Ink): Shape[] {
  const halo: Shape['attributes'] = ink.paper ? { stroke: ink.paper, 'stroke-width': 3, 'paint-order': 'stroke' } : {}
  return placeLabels(layout, data).map(({ text, x, y, anchor }) =>
    shape('text', { class: 'note', x, y, 'text-anchor': anchor, ...halo }, text),
  )
}

interface PlacedLabel {
  text: string
  x: number
  y: number
  anchor: 'start' | 'end' | 'middle'
}

interface Box {
  x0: number
  x1: number
  y0: number
  y1: number
}

const textHeight = 12
const [above, below] = [-5, 13]

/** Names of levels and last points, each at the first free one of a few places, so that two close levels stay readable. */
export function placeLabels(layout: ChartLayout, data: ChartData): PlacedLabel[] {
  const taken: Box[] = []
  const candidates = [...noteCandidates(layout, data), ...levelCandidates(layout, data)]
  return candidates.flatMap((places) => {
    // A name without a free place is left out; the readout still shows it.
    const place = places.find((one) => fits(boxOf(one), layout) && !taken.some((box) => overlap(box, boxOf(one))))
    if (!place) return []
    taken.push(boxOf(place))
    return [place]
  })
}

/** Possible places of a level's name: above or below its line, on the left, on the right or in the middle. */
function levelCandidates({ left, right, y }: ChartLayout, data: ChartData): PlacedLabel[][] {
  const anchors = [
    { x: left + 6, anchor: 'start' },
    { x: right - 2, anchor: 'end' },
    { x: (left + right) / 2, anchor: 'middle' },
  ] as const
  const named = data.levels.filter(({ value, note }) => note !== '' && isShown(value, data))
  return named.map(({ note: text, value }) =>
    [above, below].flatMap((shift) => anchors.map((anchor) => ({ text, y: y.at(value) + shift, ...anchor }))),
  )
}

/** The name of a last point is above it, else below. */
function noteCandidates({ x, y, left, right }: ChartLayout, data: ChartData): PlacedLabel[][] {
  return data.series.flatMap(({ note: text, points }) => {
    const last = points.findLast((point) => isShown(point.y, data))
    if (!text || !last || last.y === null) return []
    const [at, height] = [x.at(last.x), y.at(last.y)]
    const half = textWidth(text) / 2
    const anchor = at + half > right ? 'end' : at - half < left ? 'start' : 'middle'
    return [[above - 4, below + 6].map((shift): PlacedLabel => ({ text, x: at, y: height + shift, anchor }))]
  })
}

function boxOf({ text, x, y, anchor }: PlacedLabel): Box {
  const width = textWidth(text)
  const x0 = anchor === 'start' ? x : anchor === 'end' ? x - width : x - width / 2
  return { x0, x1: x0 + width, y0: y - textHeight + 2, y1: y + 2 }
}

function fits({ y0, y1 }: Box, { top, bottom }: ChartLayout): boolean {
  return y0 >= top - textHeight && y1 <= bottom
}

function overlap(a: Box, b: Box): boolean {
  return a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1
}
