// A table of any number of rows, by mouse, keyboard and screen reader.
import type { Column } from './tableColumn.ts'
import { createWidths } from './columnWidths.ts'
import { h, onceAFrame } from './dom.ts'
import { createTableHeader } from './tableHeader.ts'
import { sortRows, type SortOrder } from './tableOrder.ts'
import { RowPool } from './tableRows.ts'
import { createChooser, type Press } from './tableSelection.ts'

export interface TableOptions<Row> {
  label: string
  columns: Column<Row>[]
  key: (row: Row) => string
  onSelect: (row: Row) => void
  /** Several rows may be selected; their keys. */
  onSelectMany?: (keys: ReadonlySet<string>) => void
  /** Enter, or a double click. */
  onOpen?: (row: Row) => void
  /** Tooltip for a row whose key tells a person nothing. */
  tooltip?: (row: Row) => string
  /** Attached to rows for VS Code's own context menu. */
  menuContext?: (row: Row) => Record<string, unknown>
  empty: string
  /** The person chose an order. */
  onSort?: (order: SortOrder | null) => void
  /** The person chose the width of a column. */
  onResize?: (widths: Record<string, number>) => void
}

export interface Table<Row> {
  element: HTMLElement
  /** Columns become as wide as these rows need, and never narrower again. Once for rows that are new. */
  fit(rows: readonly Row[]): void
  setRows(rows: readonly Row[]): void
  /** Texts may have changed, rows not. */
  refresh(): void
  setOrder(order: SortOrder | null): void
  setWidths(widths: Record<string, number>): void
  /** null, or a row that is not shown: none is selected. */
  select(key: string | null): void
  /** Selects rows of a table in which several may be selected. */
  selectMany(keys: ReadonlySet<string>): void
  /** Rows in the order shown. */
  rows(): readonly Row[]
}

export function createTable<Row>(options: TableOptions<Row>): Table<Row> {
  const { columns, key: keyOf } = options
  let given: readonly Row[] = []
  let shown: readonly Row[] = []
  let order: SortOrder | null = null
  let current = -1
  const pool = new RowPool({
    idPrefix: `${options.label.replace(/\W+/g, '-')}-row`,
    columns,
    length: () => shown.length,
    fill: (index, line, cells) => {
      line.setAttribute('aria-selected', String(chooser ? chooser.has(keyOf(shown[index])) : index === current))
      line.classList.toggle('current', index === current)
      if (index === current) element.setAttribute('aria-activedescendant', line.id)
      fillRow(options, shown[index], line, cells)
    },
  })
  const { element, empty, header, widths } = createFrame(options, pool, (next) => setOrder(next))
  const { onSelectMany } = options
  const chooser = onSelectMany ? createChooser(() => shown.map(keyOf), () => pool.render(true), onSelectMany) : null // prettier-ignore

  const arrange = () => {
    const key = current >= 0 ? keyOf(shown[current]) : null
    const column = columns.find((c) => c.id === order?.column)
    shown = column && order ? sortRows(given, column, order.descending) : given
    current = key === null ? -1 : shown.findIndex((row) => keyOf(row) === key)
    element.setAttribute('aria-rowcount', String(shown.length + 1))
    empty.hidden = shown.length > 0
    pool.view.hidden = shown.length === 0
    pool.render(true)
  }
  const goTo = (index: number, tell: boolean) => {
    current = Math.min(shown.length - 1, index)
    if (current < 0) element.removeAttribute('aria-activedescendant')
    else pool.reveal(current)
    pool.render(true)
    if (tell && current >= 0) options.onSelect(shown[current])
  }
  const press = (index: number, how: Press) => {
    chooser?.press(index, how)
    goTo(index, true)
  }
  const setOrder = (next: SortOrder | null) => {
    order = next
    header.showOrder(next)
    arrange()
  }
  const draw = onceAFrame(() => {
    widths.layOut(pool.view.offsetWidth - pool.view.clientWidth)
    pool.render(false)
  })
  pool.view.addEventListener('scroll', draw, { passive: true })
  new ResizeObserver(draw).observe(element)
  listen(element, pool, {
    press,
    toggle: () => current >= 0 && chooser && press(current, { toggle: true, extend: false }),
    all: (on) => chooser?.all(on),
    open: () => current >= 0 && options.onOpen?.(shown[current]),
    next: (key) => (shown.length === 0 ? null : keyTarget(key, current, pool.pageLength(), shown.length)),
  })
  setOrder(null)
  return {
    element,
    fit: widths.fit,
    setRows: (rows) => {
      given = rows
      arrange()
      draw()
    },
    refresh: arrange,
    setOrder,
    setWidths: widths.setAll,
    select: (key) => goTo(key === null ? -1 : shown.findIndex((row) => keyOf(row) === key), false),
    selectMany: (keys) => chooser?.set(keys),
    rows: () => shown,
  }
}

/** Head, body and what is there when there are no rows. */
function createFrame<Row>(options: TableOptions<Row>, pool: RowPool, sort: (order: SortOrder | null) => void) {
  const { columns } = options
  const header = createTableHeader(columns, {
    sort: (next) => {
      sort(next)
      options.onSort?.(next)
    },
    resize: (column, width) => {
      widths.set(column, width)
      options.onResize?.(widths.chosen())
    },
  })
  const empty = h('p', { class: 'empty' }, options.empty)
  const element = frameOf(options.label, header.element, pool.view, empty)
  if (options.onSelectMany) element.setAttribute('aria-multiselectable', 'true')
  const widths = createWidths(columns, element, (all) => {
    header.showWidths(all)
    pool.showColumns(all.map((width) => width !== null))
  })
  return { element, empty, header, widths }
}

function frameOf(label: string, header: Node, view: Node, empty: Node): HTMLElement {
  const wide = h('div', { class: 'tableWide' }, h('div', { role: 'rowgroup' }, header), view)
  return h('div', { class: 'table', role: 'grid', tabindex: 0, 'aria-label': label }, wide, empty)
}

function fillRow<Row>(options: TableOptions<Row>, row: Row, line: HTMLElement, cells: readonly HTMLElement[]): void {
  if (options.menuContext) line.dataset.vscodeContext = JSON.stringify(options.menuContext(row))
  line.title = (options.tooltip ?? options.key)(row)
  options.columns.forEach((column, c) => {
    if (column.paint) return column.paint(row, cells[c])
    const text = column.text(row)
    if (cells[c].textContent !== text) cells[c].textContent = text
  })
}

interface TableActions {
  press: (index: number, how: Press) => void
  /** The current row joins the selected ones, or leaves them. */
  toggle: () => void
  all: (on: boolean) => void
  open: () => void
  /** Index that a key leads to. */
  next: (key: string) => number | null
}

function listen(element: HTMLElement, pool: RowPool, actions: TableActions): void {
  element.addEventListener('keydown', (event) => {
    if (event.target !== element) return
    const index = actions.next(event.key)
    if (index !== null) actions.press(Math.max(0, index), { toggle: false, extend: event.shiftKey })
    else if (event.key === 'Enter') actions.open()
    else if (event.key === ' ') actions.toggle()
    else if (event.key === 'a' && (event.ctrlKey || event.metaKey)) actions.all(true)
    else if (event.key === 'Escape') actions.all(false)
    else return
    event.preventDefault()
  })
  pool.body.addEventListener('mousedown', (event) => {
    const index = pool.indexOf(event.target as Node)
    if (index >= 0) actions.press(index, { toggle: event.ctrlKey || event.metaKey, extend: event.shiftKey })
  })
  pool.body.addEventListener('dblclick', (event) => {
    if (pool.indexOf(event.target as Node) >= 0) actions.open()
  })
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
