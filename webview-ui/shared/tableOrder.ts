// Sorting of tables: stable, numbers from the top first, names in natural order, what has no value last.

export interface SortOrder {
  column: string
  descending: boolean
}

export interface SortColumn<Row> {
  id: string
  numeric?: boolean
  /** A number that names things rather than counting them: from the bottom first. */
  ascendingFirst?: boolean
  /** null goes last in either direction. */
  sort: (row: Row) => number | string | null
}

const collator = new Intl.Collator('en', { numeric: true }) // layers.2 before layers.10

export function sortRows<Row>(rows: readonly Row[], column: SortColumn<Row>, descending: boolean): Row[] {
  const keys = rows.map((row, index) => ({ row, index, key: column.sort(row) }))
  const sign = descending ? -1 : 1
  keys.sort((a, b) => {
    if (a.key === null || b.key === null) return a.key === b.key ? a.index - b.index : a.key === null ? 1 : -1
    const less = compare(a.key, b.key)
    return less === 0 ? a.index - b.index : sign * less
  })
  return keys.map((k) => k.row)
}

/** Numbers come before words. */
function compare(a: number | string, b: number | string): number {
  if (typeof a === 'string' && typeof b === 'string') return collator.compare(a, b)
  return typeof a === 'number' && typeof b === 'number' ? a - b : typeof a === 'number' ? -1 : 1
}

/** The order after a press on a header: numbers from the top, names from A, then reversed, then the file's own order. */
export function nextOrder<Row>(column: SortColumn<Row>, order: SortOrder | null): SortOrder | null {
  const first = { column: column.id, descending: column.numeric === true && !column.ascendingFirst }
  if (order?.column !== column.id) return first
  return order.descending === first.descending ? { column: column.id, descending: !first.descending } : null
}
