// Definitions of a table's columns, and ready-made columns for numbers and for a tensor's block, module and name.
import type { ComponentChildren } from 'preact'
import { formatCount } from '../../src/formatting/numbers.ts'
import type { Line, SortColumn, TableState } from './tableState.ts'

export interface ColumnRoom {
  /** Width of the content in CSS pixels. */
  need: number
  /** Largest width unless space is left. */
  most?: number
  /** Order of hiding if space is short: the highest number first; 0 or absent: never hidden. */
  optional?: number
  /** The last visible column with this flag takes the remaining space, and is cut if space is short. */
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
  /** The same array until the columns change: a new array is measured again. */
  readonly columns: readonly Column<Row>[]
  /** Rows and headings in the order shown: see `inOrder` and `grouped`. */
  readonly rows: readonly Line<Row>[]
  /** All rows before the filter. They set the widths and the height. */
  readonly all: readonly Row[]
  readonly keyOf: (row: Row) => string
  readonly state: TableState
  readonly empty: string
  /** Whether several rows may be selected. */
  readonly several?: boolean
  /** Called when the user selects a row. */
  readonly onSelect?: (row: Row) => void
  /** Called on Enter or a double click. */
  readonly onOpen?: (row: Row) => void
  /** Tooltip of a row; its key unless given. */
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

/** The part of the name after the block. Experts keep their number here, whereas the map has one module for all of them. */
function moduleText({ name, block }: Placed): string {
  const bare = name.replace(/\.weight$/, '')
  const mark = `.${block}.`
  const at = block === null ? -1 : bare.indexOf(mark)
  return at < 0 ? bare : bare.slice(at + mark.length)
}
