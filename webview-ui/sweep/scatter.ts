// Runs as points in a view: read by pointer and by keyboard, chosen and opened as the rows of the table are.
import type { ChartData } from '../../src/shared/chart/chartData.ts'
import { drawChart, markPath } from '../../src/shared/chart/drawChart.ts'
import { chartFigure } from '../../src/shared/chart/figure.ts'
import { layOutChart, type ChartLayout } from '../../src/shared/chart/layout.ts'
import { scatterChart, type Scatter, type ScatterLook, type ScatterPoint } from '../../src/shared/chart/scatterChart.ts'
import { svgFile } from '../../src/shared/chart/shape.ts'
import { spreadText } from '../../src/shared/sweep/comparisonTable.ts'
import type { ExportFile } from '../../src/shared/protocol/view.ts'
import { announce } from '../shared/announce.ts'
import { h, onceAFrame, replaceChildren, svg } from '../shared/dom.ts'
import { keyEntry } from '../shared/key.ts'
import { saveButtons } from '../shared/saveButtons.ts'
import { elementOf } from '../shared/shapes.ts'
import { themeInk } from '../shared/theme.ts'
import type { Entry } from './entries.ts'

export interface ShownScatter {
  readonly entries: readonly Entry[]
  readonly selected: (entry: Entry) => boolean
  readonly look: ScatterLook
  readonly logX: boolean
  readonly logY: boolean
}

export interface ScatterActions {
  readonly open: (entry: Entry) => void
  /** The entry joins the selected ones, or leaves them. */
  readonly toggle: (entry: Entry) => void
  readonly save: (file: ExportFile) => void
}

const height = 300
const pictureRole = {
  class: 'chartPicture',
  tabindex: 0,
  role: 'application',
  'aria-roledescription': 'scatter plot',
  'aria-label': 'Runs as points: arrows go from one to the next, Enter opens a run, Space selects it',
}
const narrowest = 260
/** Pixels from a point within which it is meant. */
const reach = 18

export function createScatter(actions: ScatterActions) {
  let shown: ShownScatter | null = null
  let scatter: Scatter | null = null
  let layout: ChartLayout | null = null
  let at: ScatterPoint | null = null
  const title = h('h2', { class: 'chartTitle' })
  const tip = h('div', { class: 'tip', 'aria-hidden': 'true', hidden: true })
  const picture = h('div', pictureRole)
  const key = h('div', { class: 'chartKey', role: 'group', 'aria-label': 'What colours and shapes mean' })
  const empty = h('p', { class: 'empty' })
  const dataOf = ({ logX, logY }: ShownScatter, { chart }: Scatter): ChartData => {
    return { ...chart, logX, logY, continuousX: true }
  }
  const draw = onceAFrame(() => {
    scatter = shown && scatterChart(shown.entries, shown.look)
    const none = !scatter || scatter.points.length === 0
    title.textContent = scatter?.text.title ?? 'Runs as points'
    picture.hidden = key.hidden = none
    empty.hidden = !none
    if (!shown || !scatter) return (empty.textContent = 'Points appear with the first evaluation.')
    empty.textContent = `No run has measured both ${shown.look.x.title} and ${shown.look.y.title} yet.`
    if (none) return
    const data = dataOf(shown, scatter)
    layout = layOutChart(data, { width: Math.max(narrowest, picture.clientWidth), height })
    const { width } = layout
    const root = svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, 'aria-hidden': 'true' })
    root.append(elementOf(drawChart(layout, data, scatter.text, themeInk())), ...rings(layout, scatter, shown))
    if (at) at = scatter.points.find(({ run }) => run === at?.run) ?? null
    replaceChildren(picture, root, tip)
    drawTip()
    const entries = data.series.map(({ label, style, marks }) => keyEntry(label, style, { mark: marks !== undefined }))
    replaceChildren(key, ...entries)
  })
  const drawTip = () => {
    tip.hidden = at === null
    picture.querySelector('.pointAt')?.remove()
    if (!at || !layout || !shown) return
    const entry = shown.entries[at.run]
    const [x, y] = [layout.x.at(at.x), layout.y.at(at.y)]
    const ring = svg('circle', { class: 'pointAt', cx: x, cy: y, r: 8 })
    picture.querySelector('svg')?.append(ring)
    replaceChildren(tip, ...tipLines(entry, shown.look))
    tip.style.top = `${Math.max(0, y - 12)}px`
    const isLeft = x < layout.width / 2
    tip.style.left = isLeft ? `${x + 14}px` : ''
    tip.style.right = isLeft ? '' : `${layout.width - x + 14}px`
  }
  const go = (next: ScatterPoint | null) => {
    at = next
    drawTip()
  }
  listen(picture, {
    points: () => scatter?.points ?? [],
    at: () => at,
    near: (x, y) => (scatter && layout ? nearest(scatter.points, layout, x, y) : null),
    go,
    read: () => at && shown && announce(tipText(shown.entries[at.run], shown.look)),
    open: () => at && shown && actions.open(shown.entries[at.run]),
    toggle: () => at && shown && actions.toggle(shown.entries[at.run]),
  })
  new ResizeObserver(draw).observe(picture)
  const figure = () => {
    const shape = shown && scatter && chartFigure(dataOf(shown, scatter), scatter.text)
    return shape && svgFile(shape)
  }
  return {
    /** Title and buttons; what chooses the axes is put beside them. */
    head: h('div', { class: 'chartHead' }, title, h('span', { class: 'chartTools' }, ...saveButtons('scatter', figure, actions.save))), // prettier-ignore
    element: h('figure', { class: 'chart' }, picture, key, empty),
    update(next: ShownScatter | null) {
      shown = next
      draw()
    },
    redraw: draw,
  }
}

/** Around the points that are selected. */
function rings(layout: ChartLayout, { points }: Scatter, { entries, selected }: ShownScatter): SVGElement[] {
  const chosen = points.filter(({ run }) => selected(entries[run]))
  return chosen.flatMap(({ x, y, style }) => {
    const transform = `translate(${layout.x.at(x)} ${layout.y.at(y)})`
    const mark = svg('path', { d: markPath(style.marker, 90), transform, fill: style.colour })
    return [svg('circle', { class: 'pointSelected', transform, r: 9 }), mark]
  })
}

interface PointActions {
  points: () => readonly ScatterPoint[]
  at: () => ScatterPoint | null
  near: (x: number, y: number) => ScatterPoint | null
  go: (point: ScatterPoint | null) => void
  read: () => void
  open: () => void
  toggle: () => void
}

function listen(picture: HTMLElement, actions: PointActions): void {
  const under = (event: MouseEvent) => {
    const { left, top } = picture.getBoundingClientRect()
    return actions.near(event.clientX - left, event.clientY - top)
  }
  picture.addEventListener('pointermove', (event) => actions.go(under(event)))
  picture.addEventListener('pointerleave', () => actions.go(null))
  picture.addEventListener('blur', () => actions.go(null))
  picture.addEventListener('click', (event) => {
    actions.go(under(event))
    if (event.ctrlKey || event.metaKey || event.shiftKey) actions.toggle()
    else actions.open()
  })
  picture.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') actions.open()
    else if (event.key === ' ') actions.toggle()
    else if (event.key === 'Escape') actions.go(null)
    else {
      const sorted = [...actions.points()].sort((a, b) => a.x - b.x || a.y - b.y)
      const next = placeAfter(
        event.key,
        sorted.findIndex(({ run }) => run === actions.at()?.run),
        sorted.length,
      )
      if (next === null) return
      actions.go(sorted[next] ?? null)
      actions.read()
    }
    event.preventDefault()
  })
}

function placeAfter(key: string, at: number, length: number): number | null {
  if (key === 'Home') return 0
  if (key === 'End') return length - 1
  if (key === 'ArrowRight' || key === 'ArrowDown') return Math.min(length - 1, at + 1)
  if (key === 'ArrowLeft' || key === 'ArrowUp') return at < 0 ? length - 1 : Math.max(0, at - 1)
  return null
}

function nearest(points: readonly ScatterPoint[], layout: ChartLayout, x: number, y: number): ScatterPoint | null {
  let [best, closest]: [ScatterPoint | null, number] = [null, reach]
  for (const point of points) {
    const distance = Math.hypot(layout.x.at(point.x) - x, layout.y.at(point.y) - y)
    if (distance < closest) [best, closest] = [point, distance]
  }
  return best
}

function tipLines(entry: Entry, { x, y }: ScatterLook): HTMLElement[] {
  const values = [x, y].map((measure) => {
    const spread = measure.of(entry)
    return `${measure.title}: ${spread ? spreadText(spread, measure.format) : '–'}`
  })
  const state = entry.states.every((one) => one === 'done') ? [] : [entry.states.join(', ')]
  const lines = [...values, ...state].map((text) => h('div', {}, text))
  return [h('div', { class: 'readoutTitle' }, entry.label), ...lines]
}

function tipText(entry: Entry, look: ScatterLook): string {
  return tipLines(entry, look)
    .map(({ textContent }) => textContent)
    .join('; ')
}
