// The head of a table: a press sorts, dragging the edge or Shift and an arrow changes the width.
import { announce } from './announce.ts'
import { h } from './dom.ts'
import { makeRoving } from './roving.ts'
import type { Column } from './tableColumn.ts'
import { nextOrder, type SortOrder } from './tableOrder.ts'
import { cellClass } from './tableRows.ts'
import { narrowest } from './tableWidths.ts'

export interface TableHeader {
  element: HTMLElement
  showOrder(order: SortOrder | null): void
  /** null: the column has given way. */
  showWidths(widths: readonly (number | null)[]): void
}

export interface HeaderActions {
  sort: (order: SortOrder | null) => void
  /** Sets the width of a column by its index; null: the content's width. */
  resize: (column: number, width: number | null) => void
}

const keyStep = 16

export function createTableHeader<Row>(columns: readonly Column<Row>[], actions: HeaderActions): TableHeader {
  let order: SortOrder | null = null
  let widths: readonly (number | null)[] = []
  const cells = columns.map((column, index) => {
    const mark = h('span', { 'aria-hidden': 'true' })
    const button = h(
      'button',
      {
        type: 'button',
        title: `${column.title}: press to sort; Shift+← and Shift+→ change the width`,
        onclick: () => actions.sort(nextOrder(column, order)),
      },
      column.title,
      mark,
    )
    const resize = (width: number | null) => actions.resize(index, width === null ? null : Math.max(narrowest, width))
    button.addEventListener('keydown', (event) => {
      const by = event.shiftKey ? { ArrowLeft: -keyStep, ArrowRight: keyStep }[event.key] : undefined
      if (by === undefined) return
      event.preventDefault()
      event.stopPropagation()
      resize((widths[index] ?? 0) + by)
      announce(`${column.title}: ${Math.round(widths[index] ?? 0)} pixels wide`)
    })
    const edge = dragEdge(() => widths[index] ?? 0, resize)
    const element = h('div', { role: 'columnheader', 'aria-sort': 'none', class: cellClass(column) }, button, edge)
    return { element, button, mark }
  })
  const element = h('div', { class: 'tableHeader', role: 'row', 'aria-rowindex': 1 })
  element.append(...cells.map((cell) => cell.element))
  makeRoving(
    element,
    cells.map((cell) => cell.button),
  )
  return {
    element,
    showOrder(next) {
      order = next
      columns.forEach(({ id }, i) => {
        const mine = next?.column === id ? next : null
        cells[i].element.setAttribute('aria-sort', mine ? (mine.descending ? 'descending' : 'ascending') : 'none')
        cells[i].mark.textContent = mine ? (mine.descending ? ' ▾' : ' ▴') : ''
      })
    },
    showWidths(next) {
      widths = next
      cells.forEach((cell, i) => (cell.element.hidden = next[i] === null))
    },
  }
}

/** An edge for the pointer only: the keyboard has the button. */
function dragEdge(width: () => number, resize: (width: number | null) => void): HTMLElement {
  const edge = h('div', { class: 'edge', 'aria-hidden': 'true', title: 'Drag: width; double-click: as the content' })
  let from: { x: number; width: number } | null = null
  edge.addEventListener('pointerdown', (event) => {
    edge.setPointerCapture(event.pointerId)
    from = { x: event.clientX, width: width() }
  })
  edge.addEventListener('pointermove', (event) => {
    if (from) resize(from.width + event.clientX - from.x)
  })
  const letGo = () => (from = null)
  edge.addEventListener('pointerup', letGo)
  edge.addEventListener('pointercancel', letGo)
  edge.addEventListener('dblclick', () => resize(null))
  return edge
}
