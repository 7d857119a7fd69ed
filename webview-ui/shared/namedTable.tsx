// Named rows of a page: a filter, an order, and the table of the rows that match.
import { computed, type ReadonlySignal, signal, type Signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { type Filter, FilterField, keptBy } from './filterField.tsx'
import { inOrder, type Line, tableState, type TableState } from './tableState.ts'
import { Table } from './table.tsx'
import type { Column, TableProps } from './tableColumn.ts'

export interface NamedRows<Row> {
  readonly columns: readonly Column<Row>[]
  readonly filter: Signal<Filter>
  readonly table: TableState
  readonly all: ReadonlySignal<readonly Row[]>
  /** Rows that match the filter, in the table's order; all while the expression is invalid. */
  readonly rows: ReadonlySignal<readonly Row[]>
}

export function namedRows<Row extends { readonly name: string }>(
  all: ReadonlySignal<readonly Row[]>,
  columns: readonly Column<Row>[],
  { filter, table }: Pick<NamedRows<Row>, 'filter' | 'table'> = {
    filter: signal({ text: '', regex: false }),
    table: tableState(),
  },
): NamedRows<Row> {
  const kept = computed(() => keptBy(filter.value, all.value, ({ name }) => name))
  return { columns, filter, table, all, rows: computed(() => inOrder(kept.value, columns, table)) }
}

interface NamedTableProps<Row> extends Pick<TableProps<Row>, 'label' | 'empty' | 'onSelect' | 'tooltip'> {
  readonly of: NamedRows<Row>
  /** What the rows are, such as `tensors`. */
  readonly what: string
  /** The rows under group headings; the plain rows unless given. */
  readonly lines?: readonly Line<Row>[]
  /** Controls beside the filter. */
  readonly children?: ComponentChildren
}

export function NamedTable<Row extends { readonly name: string }>(props: NamedTableProps<Row>) {
  const { of, what, lines = of.rows.value, children, ...table } = props
  return (
    <section aria-label={`Table of ${what}`}>
      <div class="row">
        <FilterField
          label={`Filter ${what} by name`}
          filter={of.filter}
          shown={of.rows.value.length}
          of={of.all.value.length}
        />
        {children}
      </div>
      <Table
        {...table}
        columns={of.columns}
        rows={lines}
        all={of.all.value}
        keyOf={({ name }) => name}
        state={of.table}
        menuContext={({ name }) => tensorMenu(name)}
      />
    </section>
  )
}

/** Data of VS Code's context menu of a tensor; empty for other rows. */
export function tensorMenu(name: string | undefined): Record<string, unknown> {
  return name === undefined ? {} : { webviewSection: 'tensor', tensor: name, preventDefaultContextMenuItems: true }
}
