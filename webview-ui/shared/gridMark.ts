// Where the walker of a heatmap stands, how keys move it, and which cells are marked with it.
import { plural } from '../../src/formatting/numbers.ts'
import type { GridData, GridRange, Place } from './gridData.ts'

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
