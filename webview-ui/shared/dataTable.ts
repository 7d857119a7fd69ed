// A plain table of numbers that stays in step with what it shows: cells that did not change are left alone, so that a reader,
// a selection and the place scrolled to stay where they are.
import type { DataTable } from '../../src/shared/chart/chartTable.ts'
import { h } from './dom.ts'

export function createDataTable(label: string) {
  const head = h('tr')
  const body = h('tbody')
  const table = h('table', { class: 'dataTable' }, h('thead', {}, head), body)
  const element = h(
    'div',
    { class: 'dataTableView', role: 'region', tabindex: 0, 'aria-label': `${label}, table` },
    table,
  )
  return {
    element,
    update({ heads, rows }: DataTable): void {
      fit(head, heads.length, () => h('th', { scope: 'col' }))
      heads.forEach((text, i) => write(head.children[i], text))
      fit(body, rows.length, () => h('tr', {}, h('th', { scope: 'row' })))
      rows.forEach((row, r) => {
        const line = body.children[r]
        fit(line, 1 + row.cells.length, () => h('td'))
        ;[row.head, ...row.cells].forEach((text, i) => write(line.children[i], text))
        const last = line.children[row.cells.length] as HTMLTableCellElement
        const span = heads.length - row.cells.length
        if (last.colSpan !== span) last.colSpan = span
      })
    },
  }
}

/** A button that swaps a picture for its table. */
export function tableToggle(title: string, pressed: boolean, changed: (asTable: boolean) => void): HTMLButtonElement {
  const button = h('button', { type: 'button', class: 'toggle', 'aria-pressed': String(pressed) }, 'table')
  button.title = `${title}: show as a table`
  button.addEventListener('click', () => {
    const next = button.getAttribute('aria-pressed') !== 'true'
    button.setAttribute('aria-pressed', String(next))
    changed(next)
  })
  return button
}

/** Children are added and taken away at the end only. */
function fit(parent: Element, length: number, make: () => Element): void {
  while (parent.children.length > length) parent.lastElementChild?.remove()
  while (parent.children.length < length) parent.append(make())
}

function write(cell: Element, text: string): void {
  if (cell.textContent !== text) cell.textContent = text
}
