// State of a table: order, pinned columns, selection; and the lines that follow from it. A page keeps it in its store.
// Sorting is stable: largest numbers first, names in natural order, missing values last.
import { signal, type Signal } from '@preact/signals'

/** State that survives a reload. */
export interface KeptTable {
  readonly order: SortOrder | null
  /** Columns that the user has pinned or unpinned. */
  readonly pins: Readonly<Record<string, boolean>>
}

export interface TableState {
  readonly kept: Signal<KeptTable>
  /** Key of the current row, which is also the selected row if only one may be selected. */
  readonly current: Signal<string | null>
  /** Keys of the selected rows, if several may be selected. */
  readonly chosen: { value: ReadonlySet<string> }
}

/** `kept`: the state that an earlier page saved; may be incomplete or name unknown columns. */
export function tableState(kept?: Partial<KeptTable>): TableState {
  return {
    kept: signal({ order: kept?.order ?? null, pins: kept?.pins ?? {} }),
    current: signal(null),
    chosen: signal<ReadonlySet<string>>(new Set()),
  }
}

/** Rows in the table's order. The page sorts them, not the table, because exports have the same order. */
export function inOrder<Row>(
  rows: readonly Row[],
  columns: readonly SortColumn<Row>[],
  { kept }: TableState,
): readonly Row[] {
  const { order } = kept.value
  const column = columns.find(({ id }) => id === order?.column)
  return column && order ? sortRows(rows, column, order.descending) : rows
}

export interface SortOrder {
  column: string
  descending: boolean
}

export interface SortColumn<Row> {
  id: string
  numeric?: boolean
  /** For numbers that are names, not counts, such as blocks: the first press sorts the smallest first. */
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

/** The order after a press on a header: largest numbers or first names on top, then reversed, then the order of the file. */
export function nextOrder<Row>(column: SortColumn<Row>, order: SortOrder | null): SortOrder | null {
  const first = { column: column.id, descending: column.numeric === true && !column.ascendingFirst }
  if (order?.column !== column.id) return first
  return order.descending === first.descending ? { column: column.id, descending: !first.descending } : null
}

export interface Press {
  toggle: boolean
  extend: boolean
}

/** Selection of several rows: a press selects one, Ctrl adds or removes it, Shift selects the range from the last press. */
export interface Selection {
  readonly keys: ReadonlySet<string>
  /** The row at which a range begins. */
  readonly anchor: string | null
}

export const noSelection: Selection = { keys: new Set(), anchor: null }

/** `shown`: keys in the order of the rows; the one at `index` was pressed. */
export function pressed(
  { keys, anchor }: Selection,
  shown: readonly string[],
  index: number,
  { toggle, extend }: Press,
): Selection {
  const key = shown[index]
  const from = anchor === null ? -1 : shown.indexOf(anchor)
  if (extend && from >= 0) {
    const range = shown.slice(Math.min(from, index), Math.max(from, index) + 1)
    return { keys: new Set(toggle ? [...keys, ...range] : range), anchor }
  }
  if (!toggle) return { keys: new Set([key]), anchor: key }
  const next = new Set(keys)
  if (!next.delete(key)) next.add(key)
  return { keys: next, anchor: key }
}

export function everything(shown: readonly string[]): Selection {
  return { keys: new Set(shown), anchor: shown[0] ?? null }
}

export interface Heading {
  readonly heading: string
  /** Number of its rows. */
  readonly count: number
}

/** A row, or the name of a group above its rows. */
export type Line<Row> = Row | Heading

export function isHeading<Row extends object>(line: Line<Row>): line is Heading {
  return 'heading' in line
}

/** Groups in the order of `names`, each with its rows in their order. */
export function grouped<Row>(rows: readonly Row[], names: readonly string[], of: (row: Row) => string): Line<Row>[] {
  const groups = new Map(names.map((name): [string, Row[]] => [name, []]))
  for (const row of rows) groups.get(of(row))?.push(row)
  return [...groups].flatMap(([heading, own]) => (own.length > 0 ? [{ heading, count: own.length }, ...own] : []))
}

/** Key of a line: that of the row, or one made from the heading. */
export function keyOfLine<Row extends object>(line: Line<Row>, keyOf: (row: Row) => string): string {
  return isHeading(line) ? `group ${line.heading}` : keyOf(line)
}
