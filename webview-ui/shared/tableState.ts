// What a person has done to a table: its order, its widths, its pinned columns, what is selected. A page keeps it in its store.
import { signal, type Signal } from '@preact/signals'
import { sortRows, type SortColumn, type SortOrder } from './tableOrder.ts'

/** What outlives a reload. */
export interface KeptTable {
  readonly order: SortOrder | null
  /** CSS pixels by column, of those that a person has dragged. */
  readonly widths: Readonly<Record<string, number>>
  /** Columns that a person has pinned, and those that they have let go. */
  readonly pins: Readonly<Record<string, boolean>>
}

export interface TableState {
  readonly kept: Signal<KeptTable>
  /** Key of the row that the keyboard is on; where only one may be selected, of the selected one. */
  readonly current: Signal<string | null>
  /** Keys of what is selected, where several may be. */
  readonly chosen: { value: ReadonlySet<string> }
}

/** `kept`: as an earlier page has saved it, in whatever state. */
export function tableState(kept?: Partial<KeptTable>): TableState {
  return {
    kept: signal({ order: kept?.order ?? null, widths: kept?.widths ?? {}, pins: kept?.pins ?? {} }),
    current: signal(null),
    chosen: signal<ReadonlySet<string>>(new Set()),
  }
}

/** Rows as the table shows them: the page sorts, so that what it exports has the same order. */
export function inOrder<Row>(
  rows: readonly Row[],
  columns: readonly SortColumn<Row>[],
  { kept }: TableState,
): readonly Row[] {
  const { order } = kept.value
  const column = columns.find(({ id }) => id === order?.column)
  return column && order ? sortRows(rows, column, order.descending) : rows
}
