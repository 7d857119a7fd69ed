// A heatmap as shapes: on a page in the colours of the theme, in a file on white; and the marks over it, which only a page has.
import { shape, type Shape } from '../../src/charts/shape.ts'
import type { GridData, GridRange, Place } from './gridData.ts'
import { cellGap, type GridLayout, labelEvery, showsNumbers } from './gridLayout.ts'
import { inkOn } from './palette.ts'

export interface GridInk {
  readonly text: string
  readonly muted: string
  /** Lines of the hatching. */
  readonly notComputed: string
  /** Around each cell; null: cells have no border. */
  readonly border: string | null
}

export const gridOnWhite: GridInk = { text: '#000000', muted: '#888888', notComputed: '#888888', border: null }

export function gridShapes(layout: GridLayout, data: GridData, ink: GridInk): Shape[] {
  return [hatching(ink), ...namesOf(layout, data, ink), ...cellsOf(layout, data, ink)]
}

function namesOf(layout: GridLayout, data: GridData, ink: GridInk): Shape[] {
  const { left, top, cellWidth, names, groups } = layout
  const rows = data.rows.map((name, row) => {
    const y = top + (row + 0.5) * layout.cellHeight + 4
    return shape('text', { x: left - 6, y, 'text-anchor': 'end', fill: ink.text }, name)
  })
  const over = (text: string, first: number, last: number, y: number, fill: string) => {
    const x = left + ((first + last + 1) / 2) * cellWidth - cellGap / 2
    return shape('text', { x, y, 'text-anchor': 'middle', fill }, text)
  }
  const columns = names.map((name, column) => over(name, column, column, top - 6, ink.text))
  const parts = groups.flatMap(({ name, first, last }) => {
    const line = { x: left + first * cellWidth, y: 18, width: (last - first + 1) * cellWidth - 8, height: 1 }
    return [over(name, first, last, 12, ink.muted), shape('rect', { ...line, fill: ink.muted })]
  })
  return [...rows.filter((_, row) => row % labelEvery(layout) === 0), ...columns, ...parts]
}

function cellsOf(layout: GridLayout, data: GridData, { border }: GridInk): Shape[] {
  const hasNumbers = showsNumbers(layout, data.cells)
  return data.cells.flatMap((cell, index) => {
    if (!cell) return []
    const [row, column] = [Math.floor(index / layout.columns), index % layout.columns]
    const box = boxOf(layout, { row, column })
    const fill = cell.value === null ? 'url(#notComputed)' : data.colour(cell.value)
    const where = `${data.rows[row]} ${data.columns[column]}: ${cell.value === null ? 'not computed' : cell.text}`
    const edge: Shape['attributes'] = border === null ? {} : { stroke: border }
    const own = shape('rect', { ...box, fill, ...edge }, shape('title', {}, where))
    if (cell.value === null || !hasNumbers) return [own]
    const place = {
      x: box.x + box.width / 2,
      y: box.y + box.height / 2 + 3.5,
      'text-anchor': 'middle',
      'font-size': 10,
    }
    return [own, shape('text', { ...place, fill: inkOn(fill) }, cell.text)]
  })
}

/** The box of a cell, or of all cells down to `last`. */
function boxOf({ left, top, cellWidth, cellHeight }: GridLayout, { row, column }: Place, last = { row, column }) {
  return {
    x: left + column * cellWidth,
    y: top + row * cellHeight,
    width: (last.column - column + 1) * cellWidth - cellGap,
    height: (last.row - row + 1) * cellHeight - cellGap,
  }
}

/** "Not computed" must never look like a number. */
const hatching = ({ notComputed }: GridInk) =>
  shape(
    'defs',
    {},
    shape(
      'pattern',
      { id: 'notComputed', width: 5, height: 5, patternUnits: 'userSpaceOnUse' },
      shape('path', {
        d: 'M-1 6L6 -1M-1 1L1 -1M4 6L6 4',
        stroke: notComputed,
        'stroke-width': 1,
        'stroke-opacity': 0.45,
      }),
    ),
  )

interface MarkInk {
  readonly text: string
  readonly focus: string
  readonly paper: string | null
}

/** Outline of the selected cell. The cell may have the focus colour, so a second line in the cell's text colour is inside the first. */
export function selectedShapes(layout: GridLayout, data: GridData, at: Place, { text, focus }: MarkInk): Shape[] {
  const { x, y, width, height } = boxOf(layout, at)
  const value = data.cells[at.row * layout.columns + at.column]?.value ?? null
  const line = { fill: 'none', 'stroke-width': 2 }
  const inner = { x: x + 2, y: y + 2, width: width - 4, height: height - 4 }
  return [
    shape('rect', { ...inner, ...line, stroke: value === null ? text : inkOn(data.colour(value)) }),
    shape('rect', { x, y, width, height, ...line, stroke: focus }),
  ]
}

/** Outline of a range, in two colours so that it is visible on cells of any colour. */
export function rangeShapes(layout: GridLayout, { from, to }: GridRange, { text, focus, paper }: MarkInk): Shape[] {
  const box = { ...boxOf(layout, from, to), fill: 'none' }
  return [
    shape('rect', { ...box, stroke: paper ?? text, 'stroke-width': 4 }),
    shape('rect', { ...box, stroke: focus, 'stroke-width': 2 }),
  ]
}
