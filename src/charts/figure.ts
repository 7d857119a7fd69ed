// A chart as a self-contained figure for a paper or a slide, with title, white background and key.
import { isEmpty, type ChartData, type ChartText, type SeriesStyle } from './chartData.ts'
import { drawChart, markPath, paperInk, type Ink } from './drawChart.ts'
import { layOutChart, textWidth } from './layout.ts'
import { shape, type Shape } from './shape.ts'

type Keyed = Pick<ChartData, 'series' | 'levels'>

const [width, plotHeight, head] = [720, 320, 24]
const [rowHeight, symbolWidth, between] = [18, 30, 18]

/** null when there is nothing to draw. `keyed`: series and levels that the key lists, by default all. */
export function chartFigure(data: ChartData, text: ChartText, ink: Ink = paperInk, keyed: Keyed = data): Shape | null {
  if (isEmpty(data)) return null
  const key = drawKey(keyed, ink)
  const height = head + plotHeight + key.height
  const layout = layOutChart(data, { width, height, head, foot: key.height })
  return shape(
    'svg',
    {
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'aria-label': text.title,
    },
    ...(ink.paper ? [shape('rect', { width, height, fill: ink.paper })] : []),
    shape(
      'text',
      { class: 'title', x: 4, y: 16, 'font-size': 14, 'font-weight': 600, 'font-family': ink.font, fill: ink.text },
      text.title,
    ),
    drawChart(layout, data, text, ink),
    shape('g', { transform: `translate(${layout.left} ${head + plotHeight + 4})` }, ...key.entries),
  )
}

/** Every series and level with its dash and marker, in as many rows as they need. */
function drawKey({ series, levels }: Keyed, ink: Ink): { entries: Shape[]; height: number } {
  const all = [
    ...series.map(({ label, style, marks }) => ({ label, style, dash: style.dash, mark: marks !== undefined })),
    ...levels.map(({ label, style, dash }) => ({ label, style, dash, mark: false })),
  ]
  let [x, row] = [0, 0]
  const entries = all.map(({ label, style, dash, mark }) => {
    const wide = symbolWidth + textWidth(label) + between
    if (x > 0 && x + wide > width - 80) [x, row] = [0, row + 1]
    const place = `translate(${x} ${row * rowHeight})`
    x += wide
    const words = { x: symbolWidth, y: 10, 'font-size': 11, 'font-family': ink.font, fill: ink.text }
    const symbol = keyShapes(style, dash, mark)
    return shape('g', { class: 'keyEntry', transform: place }, ...symbol, shape('text', words, label))
  })
  return { entries, height: all.length === 0 ? 0 : (row + 1) * rowHeight + 4 }
}

export function keyShapes({ colour, marker }: SeriesStyle, dash: string, mark: boolean): Shape[] {
  const line = { x1: 0, x2: 26, y1: 6, y2: 6, stroke: colour, 'stroke-width': 2, 'stroke-dasharray': dash }
  const dot = shape('path', { d: markPath(marker, 36), transform: 'translate(13 6)', fill: colour })
  return [shape('line', line), ...(mark ? [dot] : [])]
}
