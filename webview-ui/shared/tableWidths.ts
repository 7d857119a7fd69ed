// How wide the columns of a table are: as their content wants, unless a person has dragged them; pure arithmetic.

export interface ColumnRoom {
  /** CSS pixels that the content wants. */
  need: number
  /** The content gets no more than this unless room is left. */
  most?: number
  /** Width that a person has set by dragging. */
  set?: number
  /** Gives way where there is little room, the highest first. */
  optional?: number
  /** Takes what is left over: the last one in sight. Where room is short it is the one that is cut. */
  grow?: boolean
}

export const narrowest = 40
/** A column that grows is still worth reading at this width. */
const leastGrown = 120

/** Width of each column; null for those that give way. The sum may exceed `available`: then the table scrolls. */
export function layOutColumns(columns: readonly ColumnRoom[], available: number): (number | null)[] {
  const widths: (number | null)[] = columns.map(({ set, need, most = Infinity }) =>
    Math.max(narrowest, Math.ceil(set ?? Math.min(need, most))),
  )
  const sum = () => widths.reduce<number>((total, width) => total + (width ?? 0), 0)
  const optional = columns.map((column, i) => ({ i, rank: column.optional ?? 0 })).filter(({ rank }) => rank > 0)
  for (const { i } of optional.sort((a, b) => b.rank - a.rank)) {
    if (sum() <= available) break
    widths[i] = null
  }
  const growing = columns.findLastIndex((column, i) => column.grow === true && widths[i] !== null)
  const width = widths[growing] ?? null
  if (width === null || columns[growing].set !== undefined) return widths
  const left = available - sum()
  widths[growing] = left >= 0 ? width + left : Math.max(Math.min(width, leastGrown), width + left)
  return widths
}
