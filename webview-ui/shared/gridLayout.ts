import { largest } from '../../src/formatting/lists.ts'

// Positions in a heatmap: pure arithmetic, shared by the canvas and the SVG.

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
