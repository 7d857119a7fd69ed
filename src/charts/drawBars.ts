// Bars from zero: of blocks, heads or rows side by side, or of the bins of a histogram along an axis of numbers.
import { formatCompact } from '../formatting/numbers.ts'
import type { DataTable } from './chartValues.ts'
import type { SeriesStyle } from './chartData.ts'
import { drawGap, markPath, paperInk, type Ink } from './drawChart.ts'
import { textWidth, tickLabels, ticksIn } from './layout.ts'
import { shape, type Shape } from './shape.ts'

export interface Bar {
  /** "block 3", "0.01 to 0.02". */
  readonly name: string
  /** null: there is none yet, and nothing is drawn. NaN is drawn as a cross. */
  readonly value: number | null
  /** The value as text, with anything else that is known of the bar. */
  readonly text: string
  /** Highlighted: drawn in the second colour, which the key names. */
  readonly marked?: boolean
}

export interface BarsData {
  readonly title: string
  readonly bars: readonly Bar[]
  readonly xLabel: string
  readonly yLabel: string
  /** Ends of the horizontal axis if the bars are bins of numbers; without it, the axis numbers the bars from 0. */
  readonly range?: readonly [number, number]
  /** Heights are square roots of the values, so that one very high bar leaves the others visible. */
  readonly roots?: boolean
  /** The vertical axis extends at least to this value, such as 1 for shares. */
  readonly top?: number
  readonly percent?: boolean
  /** Reference value, drawn as a dashed line across the bars. */
  readonly line?: { readonly value: number; readonly label: string }
  /** The same values of other runs, as marks over the bars. */
  readonly others?: readonly {
    readonly label: string
    readonly style: SeriesStyle
    readonly values: readonly (number | null)[]
  }[]
  /** Meaning of the marked bars. */
  readonly markedMeans?: string
}

export interface BarsLayout {
  readonly width: number
  readonly height: number
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
  /** Value at the top. */
  readonly most: number
  /** Width of a bar with the room beside it. */
  readonly each: number
  y(value: number): number
}

/** Maximum width of a bar in pixels: a few bars are spread over the whole width. */
const widest = 140
const colours = { plain: '#0072b2', marked: '#d55e00' }

export function layOutBars(
  { bars, top: least = 0, roots, line, others = [] }: BarsData,
  width: number,
  height: number,
): BarsLayout {
  const all = [...bars.map(({ value }) => value), ...others.flatMap(({ values }) => values)]
  const values = all.flatMap((value) => (value !== null && Number.isFinite(value) ? [value] : []))
  const most = Math.max(least, line?.value ?? 0, ...values, 0) * (roots ? 1 : 1.04) || 1
  const [left, right, top, bottom] = [52, width - 8, 22, height - 34]
  const each = (right - left) / Math.max(1, bars.length)
  const share = (value: number) => (roots ? Math.sqrt(value / most) : value / most)
  return {
    ...{ width, height, left, right, top, bottom, most },
    each,
    y: (value) => bottom - (bottom - top) * Math.min(1, Math.max(0, share(value))),
  }
}

/** Index of the bar at a pixel; null outside the bars. */
export function barAt({ left, each }: BarsLayout, pixel: number, count: number): number | null {
  const at = Math.floor((pixel - left) / each)
  return at >= 0 && at < count ? at : null
}

/** The parts of the picture, for an `svg` of the layout's size. */
export function drawBars(layout: BarsLayout, data: BarsData, ink: Ink): Shape {
  const { left, right, top, bottom, each, y } = layout
  const room = Math.max(0.5, each - (each > 4 ? 1.5 : 0))
  const wide = data.range ? room : Math.min(widest, room)
  const bars = data.bars.flatMap(({ name, value, text, marked }, i) => {
    const middle = left + (i + 0.5) * each
    if (value === null || !Number.isFinite(value)) return value === null ? [] : [drawGap(middle, bottom, ink)]
    const box = { x: middle - wide / 2, y: y(value), width: wide, height: Math.max(0, bottom - y(value)) }
    const fill = marked ? colours.marked : colours.plain
    return [shape('rect', { class: 'bar', ...box, fill }, shape('title', {}, `${name}: ${text}`))]
  })
  const label = (at: object, words: string) => shape('text', { fill: ink.muted, ...at }, words)
  return shape(
    'g',
    { 'font-size': 11, 'font-family': ink.font, fill: ink.text },
    ...upright(layout, data, ink),
    ...bars,
    shape('line', { x1: left, x2: right, y1: bottom, y2: bottom, stroke: ink.muted }),
    ...along(layout, data, ink),
    label({ x: 4, y: top - 9 }, data.yLabel),
    ...(data.others ?? []).flatMap((other) => marksOf(layout, other)),
    ...(data.line ? against(layout, data.line, ink) : []),
  )
}

function marksOf(
  { left, each, y }: BarsLayout,
  { label, style, values }: NonNullable<BarsData['others']>[number],
): Shape[] {
  return values.flatMap((value, i) => {
    if (value === null || !Number.isFinite(value)) return []
    const transform = `translate(${left + (i + 0.5) * each} ${y(value)})`
    const look = { class: 'mark', d: markPath(style.marker, 36), transform, fill: style.colour }
    return [shape('path', look, shape('title', {}, label))]
  })
}

function upright({ left, right, top, bottom, y, most }: BarsLayout, { roots, percent }: BarsData, ink: Ink): Shape[] {
  const rows = Math.max(2, (bottom - top) / 40)
  const ticks = roots ? rootTicks(most) : ticksIn(0, most, rows, { log: false, whole: false })
  const labels = roots ? ticks.map(formatCompact) : tickLabels(ticks.map((tick) => (percent ? 100 * tick : tick)))
  const line = { class: 'grid', x1: left, x2: right, stroke: ink.muted, 'stroke-opacity': 0.25 }
  const text = { class: 'yTick', x: left - 5, 'text-anchor': 'end', fill: ink.muted }
  return ticks.flatMap((tick, i) => [
    shape('line', { ...line, y1: y(tick), y2: y(tick) }),
    shape('text', { ...text, y: y(tick) + 4 }, `${labels[i]}${percent ? ' %' : ''}`),
  ])
}

/** Ticks at 0, a quarter of the highest value and the highest value: on the root scale, the quarter is at half height. */
const rootTicks = (most: number) => [0, Number((most / 4).toPrecision(2)), Number(most.toPrecision(2))]

function along({ left, right, bottom, each }: BarsLayout, { range, bars, xLabel }: BarsData, ink: Ink): Shape[] {
  const wide = right - left
  const [from, to] = range ?? [0, bars.length]
  const ticks = ticksIn(from, range ? to : to - 1, wide / 80, { log: false, whole: !range })
  const labels = tickLabels(ticks)
  const at = (tick: number) => left + (wide * (tick - from)) / (to - from || 1) + (range ? 0 : each / 2)
  const text = (className: string, x: number, y: number, anchor: string, words: string) =>
    shape('text', { class: className, x, y, 'text-anchor': anchor, fill: ink.muted }, words)
  return [
    ...ticks.map((tick, i) => text('xTick', at(tick), bottom + 14, 'middle', labels[i])),
    text('axisName', right, bottom + 28, 'end', xLabel),
  ]
}

function against(
  { left, right, y }: BarsLayout,
  { value, label }: { value: number; label: string },
  ink: Ink,
): Shape[] {
  const halo: Shape['attributes'] = ink.paper ? { stroke: ink.paper, 'stroke-width': 3, 'paint-order': 'stroke' } : {}
  return [
    shape('line', {
      class: 'level',
      x1: left,
      x2: right,
      y1: y(value),
      y2: y(value),
      stroke: ink.text,
      'stroke-dasharray': '5 4',
    }),
    shape('text', { class: 'note', x: right, y: y(value) - 4, 'text-anchor': 'end', ...halo }, label),
  ]
}

/** Entries of the legend; empty if all bars mean the same. */
export function barsKey({ markedMeans, bars, others = [] }: BarsData): { colour: string; text: string }[] {
  const marked = markedMeans !== undefined && bars.some((bar) => bar.marked)
  return [
    ...(marked ? [{ colour: colours.marked, text: markedMeans }] : []),
    ...(bars.some(({ value }) => Number.isNaN(value)) ? [{ colour: 'transparent', text: '✕ not a number' }] : []),
    ...others.map(({ label, style }) => ({ colour: style.colour, text: label })),
  ]
}

/** On white paper, with its title. `caption`: a line below. */
export function barsFigure(data: BarsData, caption: string, ink: Ink = paperInk): Shape {
  const [width, plot, head] = [Math.max(560, textWidth(data.title) * 1.4, textWidth(caption)) + 16, 220, 28]
  const key = barsKey(data)
  const keyTop = head + plot
  const swatch = ({ colour, text }: { colour: string; text: string }, i: number) =>
    shape(
      'g',
      { transform: `translate(8 ${keyTop + 18 * i})` },
      shape('rect', { width: 10, height: 10, fill: colour }),
      shape('text', { x: 16, y: 9, 'font-family': ink.font, 'font-size': 11, fill: ink.text }, text),
    )
  const height = keyTop + 18 * key.length + 24
  const line = { x: 8, 'font-family': ink.font }
  return shape(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': data.title },
    ...(ink.paper ? [shape('rect', { width, height, fill: ink.paper })] : []),
    shape('text', { ...line, y: 19, 'font-size': 13, 'font-weight': 600, fill: ink.text }, data.title),
    shape('g', { transform: `translate(0 ${head})` }, drawBars(layOutBars(data, width, plot), data, ink)),
    shape('text', { ...line, y: height - 10, 'font-size': 11, fill: ink.muted }, caption),
    ...key.map(swatch),
  )
}

/** The bars as rows. */
export function barsTable({ bars, xLabel, yLabel }: BarsData): DataTable {
  return { heads: [xLabel, yLabel], rows: bars.map(({ name, text }) => ({ head: name, cells: [text] })) }
}
