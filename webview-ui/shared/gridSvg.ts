// The heatmap as a figure of its own: one SVG with title and legend that needs nothing else.
import { svg } from './dom.ts'
import type { GridData } from './gridData.ts'
import { layOut, type GridLayout } from './gridLayout.ts'
import { legendParts, type LegendWords } from './legend.ts'
import { inkOn } from './contrast.ts'

export interface FigureText {
  title: string
  legend: LegendWords
  /** A line below. */
  caption?: string
  /** Colour of a share from 0 (low) to 1 (high), where cells have no values. */
  scale?: (share: number) => string
}

const margin = 12
const titleHeight = 30
const legendHeight = 34
const captionHeight = 18

/** The map on white, with title and legend, nothing selected. */
export function gridFigure(data: GridData, { title, legend, caption, scale }: FigureText): string {
  const layout = layOut(data.rows, data.columns, 960)
  const width = layout.width + 2 * margin
  const height = titleHeight + layout.height + legendHeight + (caption ? captionHeight : 0) + margin
  const grid = svg('g', { transform: `translate(${margin} ${titleHeight})` })
  grid.append(...namesOf(layout, data), ...cellsOf(layout, data))
  const foot = svg('g', { transform: `translate(${margin + layout.left} ${titleHeight + layout.height + 12})` })
  const hatched = data.cells.some((cell) => cell?.value === null)
  foot.append(...legendParts({ ...legend, notComputed: hatched ? legend.notComputed : null }, scale ?? data.colour))
  const root = svg(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      'font-family': 'sans-serif',
      'font-size': 11,
    },
    svg('title', {}, title),
    svg('rect', { width, height, fill: '#ffffff' }),
    hatchPattern(),
    svg('text', { x: margin, y: 20, 'font-size': 13, 'font-weight': 600 }, title),
    grid,
    foot,
  )
  if (caption) root.append(svg('text', { x: margin, y: height - margin, fill: '#444444' }, caption))
  return new XMLSerializer().serializeToString(root)
}

function namesOf(layout: GridLayout, data: GridData): SVGElement[] {
  const rows = data.rows.map((name, row) => {
    const y = layout.top + (row + 0.5) * layout.cellHeight + 4
    return svg('text', { x: layout.left - 6, y, 'text-anchor': 'end' }, name)
  })
  const every = Math.max(1, Math.ceil(12 / layout.cellHeight))
  const columns = data.columns.map((name, column) => {
    const x = layout.left + (column + 0.5) * layout.cellWidth
    const place: Record<string, string | number> = layout.slanted
      ? { transform: `translate(${x} ${layout.top - 6}) rotate(-45)` }
      : { x, y: layout.top - 6, 'text-anchor': 'middle' }
    return svg('text', place, name)
  })
  return [...rows.filter((_, row) => row % every === 0), ...columns]
}

function cellsOf(layout: GridLayout, data: GridData): SVGElement[] {
  return data.cells.flatMap((cell, index) => {
    if (!cell) return []
    const row = Math.floor(index / layout.columns)
    const column = index % layout.columns
    const [x, y] = [layout.left + column * layout.cellWidth, layout.top + row * layout.cellHeight]
    const [width, height] = [layout.cellWidth - 1, layout.cellHeight - 1]
    const fill = cell.value === null ? 'url(#notComputed)' : data.colour(cell.value)
    const where = `${data.rows[row]} ${data.columns[column]}: ${cell.value === null ? 'not computed' : cell.text}`
    const box = svg('rect', { x, y, width, height, fill }, svg('title', {}, where))
    if (cell.value === null || width < 30 || height < 13) return [box]
    const place = { x: x + width / 2, y: y + height / 2 + 3.5, 'text-anchor': 'middle', 'font-size': 10 }
    return [box, svg('text', { ...place, fill: inkOn(fill) }, cell.text)]
  })
}

function hatchPattern(): SVGElement {
  const line = svg('path', { d: 'M0 5L5 0', stroke: '#888888', 'stroke-width': 1 })
  const pattern = svg('pattern', { id: 'notComputed', width: 5, height: 5, patternUnits: 'userSpaceOnUse' }, line)
  return svg('defs', {}, pattern)
}
