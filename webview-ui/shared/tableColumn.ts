import type { SortColumn } from './tableOrder.ts'
import type { RowColumn } from './tableRows.ts'
import type { ColumnRoom } from './tableWidths.ts'

export interface Column<Row> extends SortColumn<Row>, RowColumn, Pick<ColumnRoom, 'optional' | 'grow'> {
  title: string
  text: (row: Row) => string
  /** The longest text that may still come. */
  reserve?: string
  /** Fills the cell with something other than its text, which then is for sorting and widths. */
  paint?: (row: Row, cell: HTMLElement) => void
}
