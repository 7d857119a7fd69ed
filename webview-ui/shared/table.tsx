// A table of any number of rows for mouse, keyboard and screen reader. Only the visible rows are on the page.
import './table.css'
import { untracked, useSignal } from '@preact/signals'
import { useId, useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { plural } from '../../src/formatting/numbers.ts'
import { Button } from './button.tsx'
import { useRoom, type Room } from './picture.tsx'
import {
  everything,
  isHeading,
  keyOfLine,
  type Line,
  noSelection,
  type Press,
  pressed,
  type TableState,
} from './tableState.ts'
import type { Column, TableProps } from './tableColumn.ts'
import { TableHead } from './tableHead.tsx'
import { rowHeight, TableLines } from './tableLines.tsx'
import { layOutColumns, pinnedFirst, place, type PlacedColumn } from './tableWidths.ts'
import { theme } from './theme.ts'

/** Rows that fit before the table scrolls. */
const mostInSight = 15
const leastInSight = 3

export function Table<Row extends object>(props: TableProps<Row>) {
  const { label, columns, rows, all, keyOf, state, empty, several, menuContext } = props
  const view = useRef<HTMLDivElement>(null)
  const room = useRoom(view)
  const first = useSignal(0)
  const id = useId()
  const kept = state.kept.value
  const arranged = useMemo(() => pinnedFirst(columns, kept), [columns, kept.pins])
  const placed = usePlaces(arranged, all, room)
  const hidden = arranged.filter((column) => !placed.some((one) => one.id === column.id))
  const key = state.current.value
  const current = useMemo(
    () => (key === null ? -1 : rows.findIndex((line) => keyOfLine(line, keyOf) === key)),
    [rows, key],
  )
  useLayoutEffect(() => reveal(view.current, current), [key, rows.length === 0])
  const press = usePress(props, current)
  const line = current < 0 ? undefined : rows[current]
  const height = rowHeight * Math.max(leastInSight, rows.length, Math.min(mostInSight, all.length))
  return (
    <>
      <div
        class="table"
        role="grid"
        tabIndex={0}
        aria-label={label}
        aria-multiselectable={several}
        aria-rowcount={rows.length + 1}
        aria-activedescendant={current < 0 ? undefined : `${id}-${current}`}
        data-vscode-context={line && !isHeading(line) ? menuContext && JSON.stringify(menuContext(line)) : undefined}
        onKeyDown={(event) => press.key(event, Math.max(1, Math.floor(room.height / rowHeight) - 2))}
      >
        <div
          class="tableScroll"
          ref={view}
          onScroll={(event) => (first.value = Math.floor(event.currentTarget.scrollTop / rowHeight))}
        >
          <div class="tableWide" style={styleOf(placed)}>
            <div role="rowgroup" class="tableTop">
              <TableHead columns={placed} state={state} />
            </div>
            <div
              class="tableBody"
              role="rowgroup"
              style={{ height: `${height}px` }}
              onMouseDown={press.mouse}
              onDblClick={press.twice}
            >
              <TableLines {...props} id={id} first={first} height={room.height} placed={placed} current={current} />
              {rows.length === 0 && <p class="empty">{empty}</p>}
            </div>
          </div>
        </div>
      </div>
      {room.width > 0 && (
        <Notes hidden={hidden} pinned={placed.filter(({ id: own }) => kept.pins[own])} state={state} />
      )}
    </>
  )
}

interface NotesProps {
  readonly hidden: readonly Named[]
  /** Columns that the user has pinned. */
  readonly pinned: readonly Named[]
  readonly state: TableState
}
type Named = { readonly id: string; readonly title: string }

/** Names of the hidden and the pinned columns. Pressing a name pins or unpins the column. */
function Notes({ hidden, pinned, state: { kept } }: NotesProps) {
  const named = (columns: readonly Named[], title: string, pin: boolean) =>
    columns.map(({ id, title: name }) => (
      <Button
        look="plain"
        title={title}
        act={() => (kept.value = { ...kept.value, pins: { ...kept.value.pins, [id]: pin } })}
      >
        {name}
      </Button>
    ))
  if (hidden.length + pinned.length === 0) return null
  return (
    <p class="tableNote muted">
      {hidden.length > 0 && `${plural(hidden.length, 'column')} hidden: `}
      {named(hidden, 'Pin this column at the left', true)}
      {pinned.length > 0 && 'Pinned: '}
      {named(pinned, 'Unpin this column', false)}
    </p>
  )
}

function styleOf(columns: readonly { width: number }[]): Record<string, string> {
  const total = columns.reduce((sum, { width }) => sum + width, 0)
  return { '--columns': columns.map(({ width }) => `${width}px`).join(' '), '--tableWidth': `${total}px` }
}

function reveal(view: HTMLElement | null, index: number): void {
  if (!view || index < 0) return
  const top = index * rowHeight
  // The sticky head covers the height of one row.
  const lowest = top + 2 * rowHeight - view.clientHeight
  if (top < view.scrollTop) view.scrollTop = top
  else if (lowest > view.scrollTop) view.scrollTop = lowest
}

/** Handlers of keys and presses on the rows. */
function usePress<Row extends object>(
  { rows, keyOf: keyOfRow, state, several, onSelect, onOpen }: TableProps<Row>,
  current: number,
) {
  const keyOf = (line: Line<Row>) => keyOfLine(line, keyOfRow)
  const tell = (line: Line<Row>, what?: (row: Row) => void) => !isHeading(line) && what?.(line)
  const anchor = useRef<string | null>(null)
  const choose = (next: typeof noSelection) => {
    anchor.current = next.anchor
    state.chosen.value = next.keys
  }
  const press = (wanted: number, how: Press) => {
    const index = Math.max(0, Math.min(rows.length - 1, wanted))
    if (rows.length === 0) return
    if (several) choose(pressed({ keys: state.chosen.value, anchor: anchor.current }, rows.map(keyOf), index, how))
    state.current.value = keyOf(rows[index])
    tell(rows[index], onSelect)
  }
  const rowOf = ({ target }: Event): number => {
    const element = target as Element
    const isPart = element.closest('input, button, a, textarea') !== null
    return isPart ? -1 : Number(element.closest('[aria-rowindex]')?.getAttribute('aria-rowindex') ?? 1) - 2
  }
  return {
    mouse(event: MouseEvent) {
      const index = rowOf(event)
      // A right click on a selected row keeps the selection, because the menu acts on all selected rows.
      if (index < 0 || (event.button === 2 && several && state.chosen.value.has(keyOf(rows[index])))) return
      press(index, { toggle: event.ctrlKey || event.metaKey, extend: event.shiftKey })
    },
    twice(event: MouseEvent) {
      const index = rowOf(event)
      if (index >= 0) tell(rows[index], onOpen)
    },
    key(event: KeyboardEvent, page: number) {
      if (event.target !== event.currentTarget) return
      const target = keyTarget(event.key, current, page, rows.length)
      if (target !== null) press(target, { toggle: false, extend: event.shiftKey })
      else if (event.key === 'Enter' && current >= 0) tell(rows[current], onOpen)
      else if (event.key === ' ' && current >= 0 && several) press(current, { toggle: true, extend: false })
      else if (event.key === 'a' && (event.ctrlKey || event.metaKey) && several) choose(everything(rows.map(keyOf)))
      else if (event.key === 'Escape' && several) choose(noSelection)
      else return
      event.preventDefault()
    },
  }
}

function keyTarget(key: string, current: number, page: number, length: number): number | null {
  switch (key) {
    case 'ArrowDown':
      return current + 1
    case 'ArrowUp':
      return current - 1
    case 'PageDown':
      return current + page
    case 'PageUp':
      return current - page
    case 'Home':
      return 0
    case 'End':
      return length - 1
    default:
      return null
  }
}

/** Horizontal padding of a cell, and of a head with the sort mark, in CSS pixels. */
const cellPadding = 18
const headPadding = 32

/** The columns that fit, with their widths. A column never becomes narrower when the rows change. */
export function usePlaces<Row>(
  columns: readonly Column<Row>[],
  all: readonly Row[],
  { width }: Room,
): readonly PlacedColumn<Row>[] {
  const longest = useRef(new Map<string, string>()).current
  // Once per list of rows: a hundred thousand rows take a while.
  const isNew = useMemo(() => untracked(() => columns.map((column) => lengthen(longest, column, all))), [columns, all])
  const ink = theme.value
  return useMemo(() => {
    // Before layout no column is visible.
    if (width === 0) return []
    const measure = measureIn(document.body)
    const texts = measure(columns.map(({ id }) => longest.get(id) ?? ''))
    const heads = measure(
      columns.map(({ title }) => title),
      '600 ',
    )
    const rooms = columns.map(({ most, optional, grow }, i) => {
      const need = Math.max(texts[i] + cellPadding, heads[i] + headPadding)
      return { need, most, optional, grow }
    })
    return place(columns, layOutColumns(rooms, width), width)
  }, [columns, isNew, width, ink])
}

function lengthen<Row>(longest: Map<string, string>, { id, text, reserve = '' }: Column<Row>, rows: readonly Row[]) {
  let most = longest.get(id) ?? reserve
  for (const row of rows) {
    const now = text(row)
    if (now.length > most.length) most = now
  }
  longest.set(id, most)
}

/** Widths of texts in the font that an element has; 0 where there is no canvas. */
function measureIn(element: HTMLElement): (texts: readonly string[], weight?: string) => number[] {
  const context = document.createElement('canvas').getContext('2d')
  const { fontFamily, fontSize } = getComputedStyle(element)
  return (texts, weight = '') => {
    if (context) context.font = `${weight}${fontSize} ${fontFamily}`
    return texts.map((text) => context?.measureText(text).width ?? 0)
  }
}
