// The heatmap as a file of its own: one SVG that needs nothing else.
import type { GridData } from './grid.ts'
import type { GridLayout } from './gridLayout.ts'
import { svg } from './dom.ts'

export function gridToSvg(layout: GridLayout, data: GridData, title: string): string {
  const root = svg(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${layout.width} ${layout.height}`,
      width: layout.width,
      height: layout.height,
      'font-family': 'sans-serif',
      'font-size': 11,
    },
    svg('title', {}, title),
    svg('rect', { width: layout.width, height: layout.height, fill: '#ffffff' }),
    hatchPattern(),
  )
  data.rows.forEach((name, row) => {
    const y = layout.top + (row + 0.7) * layout.cellHeight
    root.append(svg('text', { x: layout.left - 6, y, 'text-anchor': 'end' }, name))
  })
  data.columns.forEach((name, column) => {
    const x = layout.left + (column + 0.5) * layout.cellWidth
    const y = layout.top - 6
    root.append(svg('text', { transform: `translate(${x} ${y}) rotate(-45)` }, name))
  })
  data.cells.forEach((cell, index) => {
    if (!cell) return
    const row = Math.floor(index / layout.columns)
    const column = index % layout.columns
    const box = {
      x: layout.left + column * layout.cellWidth,
      y: layout.top + row * layout.cellHeight,
      width: layout.cellWidth - 1,
      height: layout.cellHeight - 1,
      fill: cell.value === null ? 'url(#notComputed)' : data.colour(cell.value),
    }
    const where = `${data.rows[row]} ${data.columns[column]}: ${cell.value === null ? 'not computed' : cell.text}`
    root.append(svg('rect', box, svg('title', {}, where)))
  })
  return new XMLSerializer().serializeToString(root)
}

function hatchPattern(): SVGElement {
  const line = svg('path', { d: 'M0 5L5 0', stroke: '#888888', 'stroke-width': 1 })
  const pattern = svg('pattern', { id: 'notComputed', width: 5, height: 5, patternUnits: 'userSpaceOnUse' }, line)
  return svg('defs', {}, pattern)
}
