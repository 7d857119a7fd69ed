// A table of any number of rows, by mouse, keyboard and screen reader.
import { h, onceAFrame, replaceChildren } from './dom.ts'
import { nextOrder, sortRows, type SortColumn, type SortOrder } from './tableOrder.ts'
import { cellClass, RowPool, type RowColumn } from './tableRows.ts'

export interface Column<Row> extends SortColumn<Row>, RowColumn {
  title: string
  /** As in a CSS grid: "3fr", "90px". */
  width: string
  text: (row: Row) => string
}

export interface TableOptions<Row> {
  label: string
  columns: Column<Row>[]
  key: (row: Row) => string
  onSelect: (row: Row) => void
  /** Attached to rows for VS Code's own context menu. */
  menuContext?: (row: Row) => Record<string, unknown>
  empty: string
  /** The person chose an order. */
  onSort?: (order: SortOrder | null) => void
}

export interface Table<Row> {
  element: HTMLElement
  setRows(rows: readonly Row[]): void
  /** Texts may have changed, rows not. */
  refresh(): void
  setOrder(order: SortOrder | null): void
  select(key: string): void
  /** In the order shown. */
  rows(): readonly Row[]
}

/** CSS pixels. */
const narrowBelow = 900

export function createTable<Row>(options: TableOptions<Row>): Table<Row> {
  let given: readonly Row[] = []
  let shown: readonly Row[] = []
  let order: SortOrder | null = null
  let current = -1

  const pool = new RowPool({
    idPrefix: `${options.label.replace(/\W+/g, '-')}-row`,
    columns: options.columns,
    length: () => shown.length,
    fill: (index, line, cells) => {
      line.setAttribute('aria-selected', String(index === current))
      if (index === current) element.setAttribute('aria-activedescendant', line.id)
      if (options.menuContext) line.dataset.vscodeContext = JSON.stringify(options.menuContext(shown[index]))
      options.columns.forEach((column, c) => {
        const text = column.text(shown[index])
        if (cells[c].textContent !== text) cells[c].textContent = text
      })
    },
  })
  const header = h('div', { class: 'tableHeader', role: 'row', 'aria-rowindex': 1 })
  const empty = h('p', { class: 'empty' }, options.empty)
  const element = frameOf(options, header, pool.view, empty)

  const arrange = () => {
    const key = current >= 0 ? options.key(shown[current]) : null
    const column = options.columns.find((c) => c.id === order?.column)
    shown = column && order ? sortRows(given, column, order.descending) : given
    current = key === null ? -1 : shown.findIndex((row) => options.key(row) === key)
    element.setAttribute('aria-rowcount', String(shown.length + 1))
    empty.hidden = shown.length > 0
    pool.view.hidden = shown.length === 0
    pool.render(true)
  }
  const goTo = (index: number, tell: boolean) => {
    if (shown.length === 0 || index < 0) return
    current = Math.min(shown.length - 1, index)
    pool.reveal(current)
    pool.render(true)
    if (tell) options.onSelect(shown[current])
  }
  const setOrder = (next: SortOrder | null) => {
    order = next
    const cells = options.columns.map((column) =>
      headerCell(column, order, (wanted) => {
        setOrder(wanted)
        options.onSort?.(wanted)
      }),
    )
    replaceChildren(header, ...cells)
    arrange()
  }
  const draw = onceAFrame(() => {
    element.classList.toggle('narrow', element.clientWidth < narrowBelow)
    pool.render(false)
  })
  pool.view.addEventListener('scroll', draw, { passive: true })
  new ResizeObserver(draw).observe(pool.view)
  element.addEventListener('keydown', (event) => {
    const next = event.target === element ? keyTarget(event.key, current, pool.pageLength(), shown.length) : null
    if (next === null) return
    event.preventDefault()
    goTo(Math.max(0, next), true)
  })
  pool.body.addEventListener('mousedown', (event) => goTo(pool.indexOf(event.target as Node), true))
  setOrder(null)
  return {
    element,
    setRows: (rows) => {
      given = rows
      arrange()
    },
    refresh: arrange,
    setOrder,
    select: (key) =>
      goTo(
        shown.findIndex((row) => options.key(row) === key),
        false,
      ),
    rows: () => shown,
  }
}

function frameOf<Row>({ label, columns }: TableOptions<Row>, header: Node, view: Node, empty: Node): HTMLElement {
  const element = h('div', { class: 'table', role: 'grid', tabindex: 0, 'aria-label': label })
  element.append(h('div', { role: 'rowgroup' }, header), view, empty)
  const widths = (some: readonly Column<Row>[]) => some.map((c) => c.width).join(' ')
  element.style.setProperty('--wideColumns', widths(columns))
  element.style.setProperty('--narrowColumns', widths(columns.filter((c) => !c.optional)))
  return element
}

function headerCell<Row>(column: Column<Row>, order: SortOrder | null, sort: (order: SortOrder | null) => void) {
  const mine = order?.column === column.id ? order : null
  const direction = mine ? (mine.descending ? 'descending' : 'ascending') : 'none'
  const mark = mine ? (mine.descending ? ' ▾' : ' ▴') : ''
  const button = h('button', { type: 'button', onclick: () => sort(nextOrder(column, order)) }, column.title + mark)
  return h('div', { role: 'columnheader', 'aria-sort': direction, class: cellClass(column) }, button)
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
