// Widths of the columns of a table, and which stay at the left while the others scroll. Pure arithmetic.
import type { Column, ColumnRoom } from './tableColumn.ts'
import type { KeptTable } from './tableState.ts'

const narrowest = 40
/** Smallest useful width of a column that grows. */
const leastGrown = 120

/** Width of each column; null for hidden ones. The sum may exceed `available`: then the table scrolls. */
export function layOutColumns(columns: readonly ColumnRoom[], available: number): (number | null)[] {
  const widths: (number | null)[] = columns.map(({ need, most = Infinity }) =>
    Math.max(narrowest, Math.ceil(Math.min(need, most))),
  )
  const sum = () => widths.reduce<number>((total, width) => total + (width ?? 0), 0)
  const optional = columns.map((column, i) => ({ i, rank: column.optional ?? 0 })).filter(({ rank }) => rank > 0)
  for (const { i } of optional.sort((a, b) => b.rank - a.rank)) {
    if (sum() <= available) break
    widths[i] = null
  }
  const growing = columns.findLastIndex((column, i) => column.grow === true && widths[i] !== null)
  const width = widths[growing] ?? null
  if (width === null) return widths
  const left = available - sum()
  widths[growing] = left >= 0 ? width + left : Math.max(Math.min(width, leastGrown), width + left)
  return widths
}

export interface PlacedColumn<Row> extends Column<Row> {
  readonly width: number
  readonly className: string
  /** Position of a pinned column; undefined: the column scrolls. One object for all rows, so that Preact can compare it by identity. */
  readonly style: { readonly left: string } | undefined
}

/** The pinned columns first, each part in its own order. */
export function pinnedFirst<Row>(columns: readonly Column<Row>[], { pins }: KeptTable): Column<Row>[] {
  const placed = columns.map((column) => {
    const { [column.id]: pinned = column.pinned ?? false } = pins
    // A column that the user has pinned is never hidden.
    return { ...column, pinned, optional: pins[column.id] ? 0 : column.optional }
  })
  return [...placed.filter(({ pinned }) => pinned), ...placed.filter(({ pinned }) => !pinned)]
}

/** The visible columns. Pinned ones stay at the left if they leave a third of the width to the others. */
export function place<Row>(
  columns: readonly Column<Row>[],
  widths: readonly (number | null)[],
  room: number,
): PlacedColumn<Row>[] {
  const shown = columns.flatMap((column, i) => ({ column, width: widths[i] ?? 0 })).filter(({ width }) => width > 0)
  const pinnedWidth = shown.reduce((sum, { column, width }) => sum + (column.pinned ? width : 0), 0)
  let left = 0
  return shown.map(({ column, width }) => {
    const stays = column.pinned === true && pinnedWidth <= (2 / 3) * room
    const className = [column.numeric && 'numeric', stays && 'pinned'].filter(Boolean).join(' ')
    const made = { ...column, width, className, style: stays ? { left: `${left}px` } : undefined }
    left += width
    return made
  })
}
