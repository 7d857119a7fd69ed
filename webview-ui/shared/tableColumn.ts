// The columns of a table, those of counts and those of a tensor's place among them.
import type { ComponentChildren } from 'preact'
import { formatCount } from '../../src/formatting/numbers.ts'
import type { Line, SortColumn, TableState } from './tableState.ts'

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

export interface Column<Row> extends SortColumn<Row>, Pick<ColumnRoom, 'optional' | 'grow' | 'most'> {
  title: string
  numeric?: boolean
  text: (row: Row) => string
  /** The longest text that may still come. */
  reserve?: string
  /** Stays at the left while the others scroll, unless a person lets it go. */
  pinned?: boolean
  /** What the cell shows in place of its text, which then is for sorting and widths. */
  cell?: (row: Row) => ComponentChildren
}

export interface TableProps<Row> {
  readonly label: string
  /** The same list, or another when they have become others. */
  readonly columns: readonly Column<Row>[]
  /** As they are shown, also below headings: see `inOrder` and `grouped`. */
  readonly rows: readonly Line<Row>[]
  /** Rows that the widths and the height are for, so that a filter changes neither. */
  readonly all: readonly Row[]
  readonly keyOf: (row: Row) => string
  readonly state: TableState
  readonly empty: string
  /** Several rows may be selected. */
  readonly several?: boolean
  /** A person has gone to a row. */
  readonly onSelect?: (row: Row) => void
  /** Enter, or a double click. */
  readonly onOpen?: (row: Row) => void
  /** For a row whose key tells a person nothing. */
  readonly tooltip?: (row: Row) => string
  /** Attached to rows for VS Code's own context menu, and to the table for the row that the keyboard is at. */
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
