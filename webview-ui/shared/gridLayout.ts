// Positions in a heatmap, how keys move among them, and which cells are marked. Pure arithmetic, shared by the canvas and the SVG.
import { largest } from '../../src/formatting/lists.ts'
import type { GridCell, GridData, GridRange, Place } from './gridData.ts'
import { plural } from '../../src/formatting/numbers.ts'

export interface GridLayout {
  width: number
  height: number
  left: number
  top: number
  /** Names of columns, and the groups of neighbours above them. */
  names: readonly string[]
  groups: readonly ColumnGroup[]
  cellWidth: number
  cellHeight: number
  rows: number
  columns: number
}

/** Neighbouring columns `first` to `last` of one part of the block, such as its attention. */
export interface ColumnGroup {
  readonly name: string
  readonly first: number
  readonly last: number
}

const characterWidth = 6.2
const widest = 180
/** Between cells, in CSS pixels. */
export const cellGap = 2

/** `available` is the width in CSS pixels; the height follows from the number of rows. */
export function layOut(rows: readonly string[], columns: readonly string[], available: number): GridLayout {
  const left = Math.ceil(largest(rows, 0, (r) => r.length) * characterWidth) + 12
  const room = Math.floor(Math.max(80, available - left) / Math.max(1, columns.length))
  const cellWidth = Math.max(10, Math.min(widest, room))
  const cellHeight = rows.length > 60 ? 10 : 18
  const groups = groupsOf(columns)
  const top = groups.length > 0 ? 40 : 22
  const fits = (name: string, width: number) => {
    const most = Math.max(1, Math.floor((width - 2) / characterWidth))
    return name.length <= most ? name : `${name.slice(0, Math.max(1, most - 1))}…`
  }
  return {
    left,
    top,
    names: columns.map((column) => fits(shortName(column), cellWidth)),
    groups: groups.map((group) => ({ ...group, name: fits(group.name, (group.last - group.first + 1) * cellWidth) })),
    cellWidth,
    cellHeight,
    rows: rows.length,
    columns: columns.length,
    width: left + columns.length * cellWidth,
    height: top + rows.length * cellHeight + 4,
  }
}

/** `mlp.gate_proj` is shown as `gate` under the group MLP. */
function shortName(column: string): string {
  return column.slice(column.lastIndexOf('.') + 1).replace(/_proj$/, '')
}

const groupNames: Readonly<Record<string, string>> = { self_attn: 'attention', mlp: 'MLP' }

function groupsOf(columns: readonly string[]): ColumnGroup[] {
  const groups: ColumnGroup[] = []
  columns.forEach((column, at) => {
    const part = column.slice(0, Math.max(0, column.lastIndexOf('.')))
    if (part === '') return
    const name = groupNames[part] ?? part
    const before = groups.at(-1)
    if (before?.name === name && before.last === at - 1) groups[groups.length - 1] = { ...before, last: at }
    else groups.push({ name, first: at, last: at })
  })
  return groups
}

/** Whether cells show their numbers: not if these do not fit, or are all the same, which a sentence on the page states. */
export function showsNumbers({ cellWidth, cellHeight }: GridLayout, cells: readonly (GridCell | undefined)[]): boolean {
  const texts = new Set(cells.flatMap((cell) => (cell && cell.value !== null ? [cell.text] : [])))
  const isOne = texts.size < 2 && cells.length > 1 && cells.every((cell) => cell?.value !== null)
  if (cellHeight < 14 || isOne) return false
  return largest([...texts], 0, (text) => text.length) * characterWidth <= cellWidth - cellGap - 4
}

export function cellAt(layout: GridLayout, x: number, y: number): { row: number; column: number } | null {
  const column = Math.floor((x - layout.left) / layout.cellWidth)
  const row = Math.floor((y - layout.top) / layout.cellHeight)
  const inside = column >= 0 && row >= 0 && column < layout.columns && row < layout.rows
  return inside ? { row, column } : null
}

/** The row or column whose name is at this point. */
export function nameAt(layout: GridLayout, x: number, y: number): { row: number } | { column: number } | null {
  const { left, top, cellWidth, cellHeight, rows, columns } = layout
  const row = Math.floor((y - top) / cellHeight)
  if (x < left) return row >= 0 && row < rows ? { row } : null
  if (y >= top || y < 0) return null
  const column = Math.floor((x - left) / cellWidth)
  return column >= 0 && column < columns ? { column } : null
}

/** Interval, in rows, at which row names fit. */
export function labelEvery(layout: GridLayout): number {
  return Math.max(1, Math.ceil(12 / layout.cellHeight))
}

/** Limits of the text size in pixels. Smaller text cannot be read. */
const [smallestText, largestText] = [7, 11]

/** Font size in pixels at which the widest text fits a cell; null: no readable size fits. `widest`: width of that text at 10 px. */
export function textSize(widest: number, cellWidth: number, cellHeight: number): number | null {
  const size = Math.min(largestText, cellHeight - 3, (10 * (cellWidth - 4)) / Math.max(1, widest))
  return size >= smallestText ? size : null
}

export interface GridMark {
  /** null: nothing is selected. */
  readonly at: Place | null
  /** The corner of a range opposite `at`; null: only one cell is marked. */
  readonly anchor: Place | null
}

export const nothingMarked: GridMark = { at: null, anchor: null }

/** All cells between both corners; null where at most one is marked. */
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

/** The nearest cell within the map. */
export function within({ rows, columns }: GridData, { row, column }: Place): Place {
  return { row: clamp(row, rows.length), column: clamp(column, columns.length) }
}

function clamp(index: number, length: number): number {
  return Math.max(0, Math.min(length - 1, index))
}

/** The cell that a key moves to; null: the key does not move. */
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
