// The recovery curves of the runs, laid over each other: of those that are selected, else of all that the table shows.
import { seriesStyle, type ChartData, type ChartText, type Series } from '../../src/shared/chart/chartData.ts'
import type { DataTable } from '../../src/shared/chart/chartTable.ts'
import { drawChart } from '../../src/shared/chart/drawChart.ts'
import { chartFigure } from '../../src/shared/chart/figure.ts'
import { layOutChart, type ChartLayout } from '../../src/shared/chart/layout.ts'
import { svgFile } from '../../src/shared/chart/shape.ts'
import { formatCount, formatValue } from '../../src/shared/format/numbers.ts'
import type { CurveName } from '../../src/shared/series/curves.ts'
import type { CurvePart } from '../../src/shared/protocol/sweepView.ts'
import type { ExportFile } from '../../src/shared/protocol/view.ts'
import { createDataTable, tableToggle } from '../shared/dataTable.ts'
import { context2d, h, onceAFrame, replaceChildren, svg } from '../shared/dom.ts'
import { keyEntry } from '../shared/key.ts'
import { saveButtons } from '../shared/saveButtons.ts'
import { elementOf } from '../shared/shapes.ts'
import { themeInk } from '../shared/theme.ts'
import { addPart, emptyCurve, extentOf, nearestIndex, pointsOf, type CurveData, type Extent } from './curveData.ts'
import { mostApart, paintCurves } from './curvePaint.ts'
import type { Entry } from './entries.ts'
import { plural } from '../../src/shared/format/plural.ts'

export interface ShownCurves {
  readonly entries: readonly Entry[]
  readonly name: CurveName
  readonly logX: boolean
  readonly logY: boolean
  /** Weight of the past in the loss. */
  readonly smoothing: number
}

export interface CurveActions {
  readonly toggle: (entry: Entry) => void
  readonly save: (file: ExportFile) => void
}

export const curveTexts: Readonly<Record<CurveName, ChartText>> = {
  loss: { title: 'Loss', xName: 'step', xLabel: 'optimiser steps', yLabel: 'loss' },
  perplexity: { title: 'Perplexity', xName: 'step', xLabel: 'optimiser steps', yLabel: 'perplexity' },
  accuracy: { title: 'Zero-shot accuracy', xName: 'step', xLabel: 'optimiser steps', yLabel: '% right' },
  error: { title: 'Error per block', xName: 'block', xLabel: 'block', yLabel: 'mean squared error after recovery' },
}

const height = 300
const narrowest = 260
const reach = 14

export function createCurves(actions: CurveActions) {
  let shown: ShownCurves | null = null
  let curves: CurveData[] = []
  let isWhole = false
  let layout: ChartLayout | null = null
  let asTable = false
  const canvas = h('canvas', { 'aria-hidden': 'true' })
  const axes = h('div', { class: 'curveAxes', 'aria-hidden': 'true' })
  const tip = h('div', { class: 'tip', 'aria-hidden': 'true', hidden: true })
  const picture = h('div', { class: 'chartPicture curvePicture', role: 'img' }, axes, canvas, tip)
  const key = h('div', { class: 'chartKey', role: 'group', 'aria-label': 'Curves and their last values' })
  const empty = h('p', { class: 'empty', role: 'status' })
  const table = createDataTable('Curves')

  const draw = onceAFrame(() => {
    if (!shown) return
    const extent = extentOf(curves, shown.logX, shown.logY)
    empty.hidden = extent !== null
    empty.textContent = isWhole
      ? `No run has a curve of ${curveTexts[shown.name].title.toLowerCase()} yet.`
      : 'Reading the curves…'
    picture.hidden = key.hidden = extent === null || asTable
    table.element.hidden = extent === null || !asTable
    if (!extent) return
    if (asTable) return table.update(valuesTable(shown, curves))
    const ends = endsOf(extent, shown)
    layout = layOutChart(ends, { width: Math.max(narrowest, picture.clientWidth), height })
    const { width } = layout
    const root = svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height })
    root.append(elementOf(drawChart(layout, { ...ends, series: [] }, textOf(shown), themeInk())))
    replaceChildren(axes, root)
    const painted = shown.entries.map(({ style }, i) => ({ data: curves[i], style }))
    paintCurves(context2d(canvas, width, height), painted, layout, shown.logY)
    picture.setAttribute(
      'aria-label',
      `${curveTexts[shown.name].title} of ${plural(shown.entries.length, 'run')}; the button table shows the numbers`,
    )
    drawKey(key, shown, curves)
  })

  followPointer(picture, tip, {
    find: (x, y) => (shown && layout ? nearestCurve(shown, curves, layout, x, y) : null),
    label: (curve) => shown?.entries[curve].label ?? '',
    choose: (curve) => shown && actions.toggle(shown.entries[curve]),
  })
  new ResizeObserver(draw).observe(picture)
  const toggle = tableToggle('Curves', asTable, (next) => {
    asTable = next
    draw()
  })
  return {
    tools: [toggle, ...saveButtons('curves', () => shown && figureOf(shown, curves), actions.save)],
    element: h('figure', { class: 'chart' }, picture, key, table.element, empty),
    /** Other curves than before: those that were there are gone. */
    reset(next: ShownCurves) {
      curves = next.entries.map(emptyCurve)
      isWhole = next.entries.length === 0
      shown = { ...next, entries: told(next.entries) }
      draw()
    },
    /** Draws the same curves in other styles. */
    restyle(next: ShownCurves) {
      shown = { ...next, entries: told(next.entries) }
      draw()
    },
    add(parts: readonly CurvePart[], whole: boolean) {
      for (const part of parts) if (part.group < curves.length) addPart(curves[part.group], part)
      isWhole ||= whole
      draw()
    },
    redraw: draw,
  }
}

interface CurveFinder {
  readonly find: (x: number, y: number) => { curve: number; text: string } | null
  readonly label: (curve: number) => string
  readonly choose: (curve: number) => void
}

/** The curve under the pointer says whose it is; a click selects its run. */
function followPointer(picture: HTMLElement, tip: HTMLElement, { find, label, choose }: CurveFinder): void {
  const placeOf = (event: MouseEvent) => {
    const { left, top } = picture.getBoundingClientRect()
    return [event.clientX - left, event.clientY - top] as const
  }
  picture.addEventListener('pointermove', (event) => {
    const [x, y] = placeOf(event)
    const found = find(x, y)
    tip.hidden = !found
    if (!found) return
    replaceChildren(tip, h('div', { class: 'readoutTitle' }, label(found.curve)), found.text)
    const isLeft = x < picture.clientWidth / 2
    tip.style.top = `${Math.max(0, y - 30)}px`
    tip.style.left = isLeft ? `${x + 14}px` : ''
    tip.style.right = isLeft ? '' : `${picture.clientWidth - x + 14}px`
  })
  picture.addEventListener('pointerleave', () => (tip.hidden = true))
  picture.addEventListener('click', (event) => {
    const found = find(...placeOf(event))
    if (found) choose(found.curve)
  })
}

/** A chart of its two corners has the axes of all curves. */
function endsOf({ x, y }: Extent, { logX, logY }: ShownCurves): ChartData {
  const style = { colour: '', dash: '', marker: 'circle' } as const
  const points = [0, 1].map((i) => ({ x: x[i], y: y[i] }))
  return { series: [{ label: '', style, points }], levels: [], xRange: null, logX, logY }
}

function textOf({ name, smoothing }: ShownCurves): ChartText {
  const text = curveTexts[name]
  return name === 'loss' && smoothing > 0 ? { ...text, yLabel: `loss, smoothed ${smoothing.toFixed(2)}` } : text
}

/** Gives curves of one colour different dashes, unless there are too many. */
function told(entries: readonly Entry[]): readonly Entry[] {
  if (entries.length > mostApart) return entries
  return entries.map((entry, i) => {
    const alike = entries.slice(0, i).filter(({ style }) => style.colour === entry.style.colour).length
    return { ...entry, style: { ...entry.style, dash: seriesStyle(alike).dash } }
  })
}

/** Each curve with its last value; of many the last values would fill the page. */
function drawKey(key: HTMLElement, shown: ShownCurves, curves: readonly CurveData[]): void {
  const { entries } = shown
  if (entries.length <= mostApart) {
    const last = (i: number) => (curves[i].y.length === 0 ? 'no values yet' : formatValue(curves[i].y.at(-1)))
    replaceChildren(
      key,
      ...entries.map(({ label, style }, i) => keyEntry(`${label}: ${last(i)}`, style, { mark: true })),
    )
    return
  }
  replaceChildren(
    key,
    h(
      'span',
      { class: 'muted' },
      `${formatCount(entries.length)} curves in the colours of the points; select rows to see fewer.`,
    ),
  )
}

function figureOf(shown: ShownCurves, curves: readonly CurveData[]): string | null {
  const series = shown.entries.map(({ label, style }, i): Series => ({ label, style, points: pointsOf(curves[i]) }))
  const data: ChartData = { series, levels: [], xRange: null, logX: shown.logX, logY: shown.logY }
  const keyed = { series: series.length > 2 * mostApart ? [] : series, levels: [] }
  const shape = chartFigure(data, textOf(shown), undefined, keyed)
  return shape && svgFile(shape)
}

function valuesTable({ entries, name }: ShownCurves, curves: readonly CurveData[]): DataTable {
  const { xName } = curveTexts[name]
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
  { entries, name }: ShownCurves,
  curves: readonly CurveData[],
  layout: ChartLayout,
  x: number,
  y: number,
): { curve: number; text: string } | null {
  const value = layout.x.valueAt(x)
  let [curve, closest, at] = [-1, reach, -1]
  for (let i = 0; i < entries.length; i++) {
    const index = nearestIndex(curves[i], value)
    if (index < 0) continue
    const distance = Math.hypot(layout.x.at(curves[i].x[index]) - x, layout.y.at(curves[i].y[index]) - y)
    if (distance < closest) [curve, closest, at] = [i, distance, index]
  }
  if (curve < 0) return null
  const { xName } = curveTexts[name]
  return { curve, text: `${formatValue(curves[curve].y[at])} at ${xName} ${formatCount(curves[curve].x[at])}` }
}
