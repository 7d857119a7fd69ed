// Positions in a heatmap, how keys move among them, and which cells are marked: pure arithmetic, shared by the canvas and the SVG.
import { largest } from '../../src/formatting/lists.ts'
import { plural } from '../../src/formatting/numbers.ts'
import type { GridData, GridRange, Place } from './gridData.ts'

export interface GridLayout {
  width: number
  height: number
  left: number
  top: number
  /** Names of columns lean; else they stand over their columns. */
  slanted: boolean
  cellWidth: number
  cellHeight: number
  rows: number
  columns: number
}

const characterWidth = 6.2
const slope = Math.SQRT1_2 // column names that do not fit are written at 45°
const widest = 180

/** `available` is the width in CSS pixels; the height follows from the number of rows. */
export function layOut(rows: readonly string[], columns: readonly string[], available: number): GridLayout {
  const left = Math.ceil(largest(rows, 0, (r) => r.length) * characterWidth) + 12
  const name = Math.ceil(largest(columns, 0, (c) => c.length) * characterWidth)
  const cells = (right: number) => Math.floor(Math.max(80, available - left - right) / Math.max(1, columns.length))
  const slanted = cells(0) < name + 8
  const top = slanted ? Math.ceil(name * slope) + 18 : 22
  // The last name leans over the edge.
  const lean = slanted ? top - 8 : 0
  const cellWidth = Math.max(10, Math.min(widest, cells(lean)))
  const cellHeight = rows.length > 60 ? 10 : rows.length > 24 ? 14 : 20
  return {
    left,
    top,
    slanted,
    cellWidth,
    cellHeight,
    rows: rows.length,
    columns: columns.length,
    width: left + columns.length * cellWidth + lean,
    height: top + rows.length * cellHeight + 4,
  }
}

export function cellAt(layout: GridLayout, x: number, y: number): { row: number; column: number } | null {
  const column = Math.floor((x - layout.left) / layout.cellWidth)
  const row = Math.floor((y - layout.top) / layout.cellHeight)
  const inside = column >= 0 && row >= 0 && column < layout.columns && row < layout.rows
  return inside ? { row, column } : null
}

/** The row or the column whose name is there. */
export function nameAt(layout: GridLayout, x: number, y: number): { row: number } | { column: number } | null {
  const { left, top, slanted, cellWidth, cellHeight, rows, columns } = layout
  const row = Math.floor((y - top) / cellHeight)
  if (x < left) return row >= 0 && row < rows ? { row } : null
  if (y >= top || y < 0) return null
  // Names lean to the right by as much as they rise.
  const column = Math.floor((x - left - (slanted ? top - 6 - y : 0)) / cellWidth)
  return column >= 0 && column < columns ? { column } : null
}

/** Every how many rows a name fits. */
export function labelEvery(layout: GridLayout): number {
  return Math.max(1, Math.ceil(12 / layout.cellHeight))
}

/** Sizes of the text in pixels; smaller cannot be read. */
const [smallestText, largestText] = [7, 11]

/** The size at which the widest text fits a cell; null: at none that can be read. `widest`: its width at 10 px. */
export function textSize(widest: number, cellWidth: number, cellHeight: number): number | null {
  const size = Math.min(largestText, cellHeight - 3, (10 * (cellWidth - 4)) / Math.max(1, widest))
  return size >= smallestText ? size : null
}

export interface GridMark {
  /** null: nothing is selected. */
  readonly at: Place | null
  /** The corner of a range that is opposite of `at`; null: one cell alone is marked. */
  readonly anchor: Place | null
}

export const nothingMarked: GridMark = { at: null, anchor: null }

/** All cells between both corners; null where one or none is marked. */
export function rangeOf({ at, anchor }: GridMark): GridRange | null {
  if (!at || !anchor || (anchor.row === at.row && anchor.column === at.column)) return null
  const [from, to] = [Math.min, Math.max].map((pick) => ({
    row: pick(anchor.row, at.row),
    column: pick(anchor.column, at.column),
  }))
  return { from, to }
}

export function rangeText({ from, to }: GridRange): string {
  return `${plural(to.row - from.row + 1, 'block')} by ${plural(to.column - from.column + 1, 'module')} marked`
}

/** The nearest place within the map. */
export function within({ rows, columns }: GridData, { row, column }: Place): Place {
  return { row: clamp(row, rows.length), column: clamp(column, columns.length) }
}

function clamp(index: number, length: number): number {
  return Math.max(0, Math.min(length - 1, index))
}

/** Where a key leads to; null: nowhere. */
export function step(key: string, at: Place, { rows, columns }: GridData): Place | null {
  switch (key) {
    case 'ArrowUp':
      return { row: at.row - 1, column: at.column }
    case 'ArrowDown':
      return { row: at.row + 1, column: at.column }
    case 'ArrowLeft':
      return { row: at.row, column: at.column - 1 }
    case 'ArrowRight':
      return { row: at.row, column: at.column + 1 }
    case 'Home':
      return { row: at.row, column: 0 }
    case 'End':
      return { row: at.row, column: columns.length - 1 }
    case 'PageUp':
      return { row: 0, column: at.column }
    case 'PageDown':
      return { row: rows.length - 1, column: at.column }
    case 'Enter':
    case ' ':
      return at
    default:
      return null
  }
}
