// A line chart in a view: drawn in the theme's colours, read by pointer, by keyboard and as a table, saved as a figure.
import './chart.css'
import { emptyChart, type ChartData, type ChartText } from '../../src/shared/chart/chartData.ts'
import { drawChart } from '../../src/shared/chart/drawChart.ts'
import { chartTable } from '../../src/shared/chart/chartTable.ts'
import { chartFigure } from '../../src/shared/chart/figure.ts'
import { layOutChart } from '../../src/shared/chart/layout.ts'
import { nearestPlace, placesOf, readoutAt } from '../../src/shared/chart/readout.ts'
import { svgFile } from '../../src/shared/chart/shape.ts'
import type { ExportFile } from '../../src/shared/protocol/view.ts'
import { createChartKey } from './chartKey.ts'
import { createReadout } from './chartReadout.ts'
import { createDataTable, tableToggle } from './dataTable.ts'
import { h, onceAFrame, svg } from './dom.ts'
import { saveButtons } from './saveButtons.ts'
import { elementOf } from './shapes.ts'
import { themeInk } from './theme.ts'

/** How a person looks at a chart. */
export interface ChartLook {
  logX: boolean
  logY: boolean
  asTable: boolean
}

export interface ChartOptions extends ChartText {
  look: ChartLook
  /** Axes that a person may make logarithmic. */
  logAxes: ('x' | 'y')[]
  onLook: (look: ChartLook) => void
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
  let look = options.look
  const key = createChartKey(options)
  const picture = h('div', {
    class: 'chartPicture',
    tabindex: 0,
    role: 'application',
    'aria-roledescription': 'chart',
    'aria-label': `${options.title}: the arrow keys read its values`,
  })
  const table = createDataTable(options.title)
  const tools = createTools(options, (next) => {
    look = next
    options.onLook(look)
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
    const { logX, logY, asTable } = look
    data = { ...data, logX, logY }
    picture.hidden = key.element.hidden = asTable
    table.element.hidden = !asTable
    if (asTable) return table.update(chartTable(data, options))
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
  tools.append(...saveButtons(name, figure, options.save))
  const head = h('figcaption', { class: 'chartHead' }, h('span', { class: 'chartTitle' }, options.title), tools)
  return {
    element: h('figure', { class: 'chart' }, head, picture, key.element, table.element),
    update(next) {
      data = { ...data, ...next }
      draw()
    },
  }
}

/** Buttons for the axes, which a table has not, and for the table. */
function createTools({ title, logAxes, look }: ChartOptions, changed: (look: ChartLook) => void): HTMLElement {
  let now = look
  const axis = (name: 'x' | 'y') => {
    const which = name === 'x' ? 'logX' : 'logY'
    const button = h('button', { type: 'button', class: 'toggle', 'aria-pressed': String(now[which]) }, `log ${name}`)
    button.title = `${title}: logarithmic ${name} axis`
    button.disabled = now.asTable
    button.addEventListener('click', () => {
      now = { ...now, [which]: !now[which] }
      button.setAttribute('aria-pressed', String(now[which]))
      changed(now)
    })
    return button
  }
  const axes = logAxes.map(axis)
  const table = tableToggle(title, now.asTable, (asTable) => {
    now = { ...now, asTable }
    for (const button of axes) button.disabled = asTable
    changed(now)
  })
  return h('span', { class: 'chartTools' }, ...axes, table)
}
