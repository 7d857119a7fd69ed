// The columns of a table, among them those of counts and of a tensor's block and module.
import type { ComponentChildren } from 'preact'
import { formatCount } from '../../src/formatting/numbers.ts'
import type { Line, SortColumn, TableState } from './tableState.ts'

export interface ColumnRoom {
  /** Width of the content in CSS pixels. */
  need: number
  /** Largest width unless space is left. */
  most?: number
  /** Hidden where space is short, the highest first. */
  optional?: number
  /** The last visible one takes the space that is left, and is cut where space is short. */
  grow?: boolean
}

export interface Column<Row> extends SortColumn<Row>, Pick<ColumnRoom, 'optional' | 'grow' | 'most'> {
  title: string
  numeric?: boolean
  text: (row: Row) => string
  /** The longest text that may appear later. */
  reserve?: string
  /** Stays at the left while the others scroll, unless the user unpins it. */
  pinned?: boolean
  /** Replaces the text in the cell; the text is still used for sorting and widths. */
  cell?: (row: Row) => ComponentChildren
}

export interface TableProps<Row> {
  readonly label: string
  /** A new list whenever the rows change. */
  readonly columns: readonly Column<Row>[]
  /** Rows and headings in the order shown: see `inOrder` and `grouped`. */
  readonly rows: readonly Line<Row>[]
  /** All rows before the filter. They set the widths and the height. */
  readonly all: readonly Row[]
  readonly keyOf: (row: Row) => string
  readonly state: TableState
  readonly empty: string
  /** Several rows may be selected. */
  readonly several?: boolean
  /** The user has selected a row. */
  readonly onSelect?: (row: Row) => void
  /** Enter, or a double click. */
  readonly onOpen?: (row: Row) => void
  /** For a row whose key means nothing to a reader. */
  readonly tooltip?: (row: Row) => string
  /** Attached to rows, and to the table for the current row, for VS Code's own context menu. */
  readonly menuContext?: (row: Row) => Record<string, unknown>
}

/** A column of counts, or of other numbers with their own text. */
export function numberColumn<Row>(
  id: string,
  title: string,
  of: (row: Row) => number | null,
  more: Partial<Column<Row>> = {},
): Column<Row> {
  return { ...{ id, title, numeric: true, sort: of }, text: (row) => formatCount(of(row) ?? 0), ...more }
}

interface Placed {
  name: string
  block: number | null
  module: string
}

/** Put `first` before the other columns and `last` after them. */
export function placeColumns<Row extends Placed>(nameTitle: string): { first: Column<Row>[]; last: Column<Row> } {
  return {
    first: [
      {
        id: 'block',
        title: 'Block',
        numeric: true,
        text: (row) => (row.block === null ? '' : String(row.block)),
        sort: (row) => row.block,
        ascendingFirst: true,
      },
      { id: 'module', title: 'Module', grow: true, text: moduleText, sort: moduleText },
    ],
    last: { id: 'name', title: nameTitle, grow: true, optional: 9, text: (row) => row.name, sort: (row) => row.name },
  }
}

/** The name after the block: an expert keeps its number, which the module of the map leaves out. */
function moduleText({ name, block }: Placed): string {
  const bare = name.replace(/\.weight$/, '')
  const mark = `.${block}.`
  const at = block === null ? -1 : bare.indexOf(mark)
  return at < 0 ? bare : bare.slice(at + mark.length)
}
