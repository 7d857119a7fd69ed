// A line chart in a view: drawn in the theme's colours, read by pointer and by keyboard, saved as a figure.
import './chart.css'
import { emptyChart, type ChartData, type ChartText } from '../../src/shared/chart/chartData.ts'
import { drawChart, type Ink } from '../../src/shared/chart/drawChart.ts'
import { chartFigure } from '../../src/shared/chart/figure.ts'
import { layOutChart } from '../../src/shared/chart/layout.ts'
import { nearestPlace, placesOf, readoutAt } from '../../src/shared/chart/readout.ts'
import { svgFile } from '../../src/shared/chart/shape.ts'
import type { ExportFile } from '../../src/shared/protocol/view.ts'
import { createChartKey } from './chartKey.ts'
import { createReadout } from './chartReadout.ts'
import { h, onceAFrame, svg } from './dom.ts'
import { elementOf, rasterise } from './shapes.ts'
import { readTheme } from './theme.ts'

export interface ChartAxes {
  logX: boolean
  logY: boolean
}

export interface ChartOptions extends ChartText {
  axes: ChartAxes
  /** What cannot be logarithmic has no button. */
  canLogX: boolean
  onAxes: (axes: ChartAxes) => void
  save: (file: ExportFile) => void
}

export interface Chart {
  element: HTMLElement
  update(data: Pick<ChartData, 'series' | 'levels' | 'xRange'>): void
}

const height = 250
const narrowest = 260

export function createChart(options: ChartOptions): Chart {
  let data: ChartData = emptyChart
  let axes = options.axes
  const key = createChartKey()
  const picture = h('div', {
    class: 'chartPicture',
    tabindex: 0,
    role: 'application',
    'aria-roledescription': 'chart',
    'aria-label': `${options.title}: the arrow keys read its values`,
  })
  const head = createHead(options, (next) => {
    axes = next
    data = { ...data, ...axes }
    options.onAxes(axes)
    draw()
  })
  const readout = createReadout(picture, {
    places: () => placesOf(data),
    at: (x) => readoutAt(data, x, options),
    layout: () => layOutChart(data, { width: Math.max(narrowest, picture.clientWidth), height }),
    nearest: nearestPlace,
    isLog: () => data.logY,
  })
  const draw = onceAFrame(() => {
    const layout = layOutChart(data, { width: Math.max(narrowest, picture.clientWidth), height })
    const { width } = layout
    const root = svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, 'aria-hidden': 'true' })
    root.append(elementOf(drawChart(layout, data, options, themeInk())))
    picture.replaceChildren(root, readout.element)
    readout.redraw()
    key.update(data)
  })
  new ResizeObserver(draw).observe(picture)
  const figure = () => {
    const shape = chartFigure(data, options)
    return shape && svgFile(shape)
  }
  const name = options.title.toLowerCase().replace(/\W+/g, '-')
  const saved = saveButtons(name, figure, options.save)
  head.append(...saved)
  return {
    element: h('figure', { class: 'chart' }, head, picture, key.element),
    update(next) {
      data = { ...next, ...axes }
      draw()
    },
  }
}

/** Title and axes of a chart. */
function createHead({ title, canLogX, axes }: ChartOptions, changed: (axes: ChartAxes) => void): HTMLElement {
  let now = axes
  const toggle = (label: string, which: keyof ChartAxes) => {
    const button = h('button', { type: 'button', class: 'toggle', 'aria-pressed': String(now[which]) }, label)
    button.title = `${title}: logarithmic ${which === 'logX' ? 'x' : 'y'} axis`
    button.addEventListener('click', () => {
      now = { ...now, [which]: !now[which] }
      button.setAttribute('aria-pressed', String(now[which]))
      changed(now)
    })
    return button
  }
  const caption = h('span', { class: 'chartTitle' }, title)
  return h('figcaption', { class: 'row' }, caption, canLogX && toggle('log x', 'logX'), toggle('log y', 'logY'))
}

/** `figure` is null while there is nothing to draw. */
export function saveButtons(
  name: string,
  figure: () => string | null,
  save: (file: ExportFile) => void,
): HTMLButtonElement[] {
  const file = async (extension: 'svg' | 'png'): Promise<void> => {
    const content = figure()
    if (content === null) return
    const [text, encoding] =
      extension === 'svg' ? [content, 'utf8' as const] : [await rasterise(content), 'base64' as const]
    save({ type: 'export', name: `${name}.${extension}`, content: text, encoding })
  }
  return (['svg', 'png'] as const).map((extension) => {
    const title = `Save ${name} as ${extension.toUpperCase()}`
    const act = () => void file(extension)
    const button = { type: 'button', class: 'secondary small', title, 'aria-label': title, onclick: act }
    return h('button', button, extension.toUpperCase())
  })
}

function themeInk(): Ink {
  const theme = readTheme()
  const { foreground: text, muted, error, background: paper, font } = theme
  return { text, muted, error, paper, font }
}
