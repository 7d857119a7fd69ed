// Values under the pointer, or where the arrow keys have gone: a line across the chart, a mark on every series, a box of numbers.
import type { ChartLayout } from '../../src/shared/chart/layout.ts'
import { readoutText, type Readout } from '../../src/shared/chart/readout.ts'
import { announce } from './announce.ts'
import { h, replaceChildren, svg } from './dom.ts'
import { keySymbol } from './key.ts'

export interface ReadoutSource {
  places(): number[]
  at(x: number | null): Readout
  layout(): ChartLayout
  nearest(places: readonly number[], x: number): number | null
  isLog(): boolean
}

const aPage = 10

/** Listens on the picture; `redraw` after the chart has changed. */
export function createReadout(picture: HTMLElement, source: ReadoutSource) {
  const marks = svg('svg', { class: 'readoutMarks', 'aria-hidden': 'true' })
  const box = h('div', { class: 'tip readout', 'aria-hidden': 'true', hidden: true })
  const element = h('div', {}, box)
  element.prepend(marks)
  let shown = false
  let x: number | null = null

  const redraw = () => {
    const layout = source.layout()
    box.hidden = !shown
    marks.replaceChildren()
    if (!shown) return
    const readout = source.at(x)
    drawMarks(marks, layout, readout, source.isLog())
    replaceChildren(
      box,
      readout.title !== '' && h('div', { class: 'readoutTitle' }, readout.title),
      ...readout.rows.map(({ label, style, text }) =>
        h('div', { class: 'key' }, keySymbol(style), `${label}: ${text}`),
      ),
    )
    place(box, x === null ? layout.left : layout.x.at(x), layout)
  }
  const show = (at: number | null) => {
    shown = source.at(at).rows.length > 0
    x = at
    redraw()
  }
  const hide = () => {
    shown = false
    redraw()
  }
  picture.addEventListener('pointermove', (event) => {
    const pixel = event.clientX - picture.getBoundingClientRect().left
    show(source.nearest(source.places(), source.layout().x.valueAt(pixel)))
  })
  picture.addEventListener('pointerleave', hide)
  picture.addEventListener('blur', hide)
  picture.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') return hide()
    const places = source.places()
    const next = step(event.key, shown && x !== null ? places.indexOf(x) : null, places.length)
    if (next === null) return
    event.preventDefault()
    show(places.length === 0 ? null : places[next])
    announce(readoutText(source.at(x)))
  })
  return { element, redraw }
}

/** Index that a key leads to; the first key of all reads the last point. */
function step(key: string, at: number | null, length: number): number | null {
  const last = Math.max(0, length - 1)
  const moves: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, PageUp: aPage, PageDown: -aPage }
  if (key === 'Home') return 0
  if (key === 'End') return last
  if (!(key in moves)) return null
  return at === null || at < 0 ? last : Math.min(last, Math.max(0, at + moves[key]))
}

function drawMarks(marks: SVGElement, layout: ChartLayout, { x, rows }: Readout, isLog: boolean): void {
  const { width, height, top, bottom } = layout
  for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` }))
    marks.setAttribute(name, String(value))
  if (x === null) return
  const at = layout.x.at(x)
  marks.append(svg('line', { class: 'crosshair', x1: at, x2: at, y1: top, y2: bottom }))
  for (const { point, style } of rows) {
    if (point?.y === null || point === null || (isLog && point.y <= 0)) continue
    const place = { cx: layout.x.at(point.x), cy: layout.y.at(point.y), r: 4.5 }
    marks.append(svg('circle', { class: 'readoutMark', ...place, stroke: style.colour }))
  }
}

/** Places the box beside the line, on the side that has more room. */
function place(box: HTMLElement, x: number, { left, right, top, width }: ChartLayout): void {
  const onRight = x < (left + right) / 2
  box.style.top = `${top}px`
  box.style.left = onRight ? `${x + 10}px` : ''
  box.style.right = onRight ? '' : `${width - x + 10}px`
}
