// A line chart that hides nothing: the raw line stays behind the smoothed one, gaps stay gaps, log axes say what
// they cannot show.
import './chart.css'
import { extent } from 'd3-array'
import { axisBottom, axisLeft } from 'd3-axis'
import { scaleLinear, scaleLog, type ScaleContinuousNumeric } from 'd3-scale'
import { select } from 'd3-selection'
import { line, symbol, symbolCircle, symbolDiamond, symbolSquare, symbolTriangle } from 'd3-shape'
import type { Point } from '../../src/shared/series/smooth.ts'
import { formatValue } from '../../src/shared/format/numbers.ts'
import { h, onceAFrame, svg } from './dom.ts'
import type { SeriesStyle } from './palette.ts'

export interface Series {
  label: string
  style: SeriesStyle
  points: Point[]
  /** Drawn faintly behind. */
  raw?: Point[]
  /** Points as marks, with or without a line. */
  marks?: 'marks' | 'both'
}

export interface ChartData {
  series: Series[]
  logX: boolean
  logY: boolean
  /** Vertical lines: where a stage began. */
  stages: { x: number; label: string }[]
}

export interface Chart {
  element: HTMLElement
  update(data: ChartData): void
  toSvg(): string
}

type Scale = ScaleContinuousNumeric<number, number>
/** Above the plot: the axis's name, below it the stages', so that no line runs through them. */
const margin = { left: 56, right: 12, top: 36, bottom: 34 }
const height = 244
const symbols = { circle: symbolCircle, square: symbolSquare, triangle: symbolTriangle, diamond: symbolDiamond }

export function createChart(title: string, xLabel: string, yLabel: string): Chart {
  const picture = h('div', { class: 'chartPicture' })
  const summary = h('p', { class: 'muted chartSummary' })
  const element = h('figure', { class: 'chart' }, h('figcaption', {}, title), picture, summary)
  let data: ChartData = { series: [], logX: false, logY: false, stages: [] }
  const draw = onceAFrame(() => {
    const width = Math.max(260, picture.clientWidth)
    picture.replaceChildren(drawChart(width, data, title, xLabel, yLabel))
    summary.textContent = summarise(data)
  })
  new ResizeObserver(draw).observe(picture)
  return {
    element,
    update(next) {
      data = next
      draw()
    },
    toSvg: () => new XMLSerializer().serializeToString(drawChart(720, data, title, xLabel, yLabel)),
  }
}

function drawChart(width: number, data: ChartData, title: string, xLabel: string, yLabel: string): SVGElement {
  const root = svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': title })
  const points = data.series.flatMap((s) => [...s.points, ...(s.raw ?? [])])
  const x = makeScale(
    data.logX,
    domainOf(
      points.map((p) => placeOf(p.x, data)),
      data.logX,
    ),
    [margin.left, width - margin.right],
  )
  const ys = points.flatMap((p) => (p.y === null ? [] : [p.y]))
  const y = makeScale(data.logY, domainOf(ys, data.logY), [height - margin.bottom, margin.top])
  drawAxes(root, x, y, width, xLabel, yLabel)
  for (const stage of data.stages) drawStage(root, x(placeOf(stage.x, data)), stage.label, width)
  for (const series of data.series) drawSeries(root, series, x, y, data)
  return root
}

/** Step 0, before the first, stands at 1 on a log axis. */
function placeOf(x: number, { logX }: ChartData): number {
  return logX ? Math.max(1, x) : x
}

/** A little air around the values; a log scale starts at the smallest positive one. */
function domainOf(values: number[], log: boolean): [number, number] {
  const usable = values.filter((v) => Number.isFinite(v) && (!log || v > 0))
  const [low, high] = extent(usable)
  if (low === undefined || high === undefined) return log ? [1, 10] : [0, 1]
  if (low === high) return log ? [low / 2, low * 2] : [low - Math.abs(low) / 10 - 1e-9, low + Math.abs(low) / 10 + 1e-9]
  return log ? [low, high] : [low - (high - low) * 0.04, high + (high - low) * 0.04]
}

function makeScale(log: boolean, domain: [number, number], range: [number, number]): Scale {
  return (log ? scaleLog() : scaleLinear()).domain(domain).range(range)
}

function drawAxes(root: SVGElement, x: Scale, y: Scale, width: number, xLabel: string, yLabel: string): void {
  const bottom = svg('g', { class: 'axis', transform: `translate(0 ${height - margin.bottom})` })
  const left = svg('g', { class: 'axis', transform: `translate(${margin.left} 0)` })
  select(bottom as SVGGElement).call(
    axisBottom(x)
      .ticks(Math.max(2, width / 90), '~s')
      .tickSizeOuter(0),
  )
  select(left as SVGGElement).call(
    axisLeft(y)
      .ticks(5, '~g')
      .tickSizeOuter(0)
      .tickSizeInner(-(width - margin.left - margin.right)),
  )
  root.append(bottom, left)
  root.append(svg('text', { class: 'axisName', x: width - margin.right, y: height - 4, 'text-anchor': 'end' }, xLabel))
  root.append(svg('text', { class: 'axisName', x: 4, y: 12 }, yLabel))
}

function drawStage(root: SVGElement, x: number, label: string, width: number): void {
  root.append(svg('line', { class: 'stage', x1: x, x2: x, y1: margin.top - 14, y2: height - margin.bottom }))
  // Near the right edge the name stands on the other side of its line.
  const flip = x > width - 80
  const place = { x: flip ? x - 3 : x + 3, y: margin.top - 5, 'text-anchor': flip ? 'end' : 'start' }
  root.append(svg('text', { class: 'stageName', ...place }, label))
}

function drawSeries(root: SVGElement, series: Series, x: Scale, y: Scale, data: ChartData): void {
  const shown = (p: Point) => p.y !== null && Number.isFinite(p.y) && (!data.logY || p.y > 0)
  const path = line<Point>()
    .defined(shown)
    .x((p) => x(placeOf(p.x, data)))
    .y((p) => y(p.y ?? 0))
  const { colour, dash, marker } = series.style
  const stroke = { fill: 'none', stroke: colour, 'stroke-dasharray': dash }
  if (series.raw) root.append(svg('path', { ...stroke, class: 'raw', d: path(series.raw) ?? '' }))
  if (series.marks !== 'marks') {
    root.append(svg('path', { ...stroke, class: 'line', d: path(series.points) ?? '' }, svg('title', {}, series.label)))
  }
  const shape = symbol(symbols[marker], 44)() ?? ''
  for (const point of series.points) {
    if (point.y === null) drawGap(root, x(placeOf(point.x, data)))
    else if (series.marks && shown(point)) {
      const text = `${series.label}: ${formatValue(point.y)} at ${point.x}`
      const place = `translate(${x(placeOf(point.x, data))} ${y(point.y)})`
      root.append(svg('path', { class: 'mark', d: shape, transform: place, fill: colour }, svg('title', {}, text)))
    }
  }
}

/** Not a number: a cross on the axis, never a silent hole. */
function drawGap(root: SVGElement, x: number): void {
  const y = height - margin.bottom
  const cross = svg('path', {
    class: 'gap',
    d: `M${x - 4} ${y - 4}L${x + 4} ${y + 4}M${x - 4} ${y + 4}L${x + 4} ${y - 4}`,
  })
  cross.append(svg('title', {}, 'not a number'))
  root.append(cross)
}

function summarise(data: ChartData): string {
  const lines = data.series.map(({ label, points }) => {
    const last = points.at(-1)
    const gaps = points.filter((p) => p.y === null).length
    if (!last) return `${label}: no values yet`
    return `${label}: ${formatValue(last.y)}${gaps > 0 ? `, ${gaps} × NaN` : ''}`
  })
  const hidden = data.logY ? data.series.flatMap((s) => s.points).filter((p) => p.y !== null && p.y <= 0).length : 0
  if (hidden > 0) lines.push(`${hidden} values ≤ 0 cannot be shown on a log axis`)
  return lines.join(' · ')
}
