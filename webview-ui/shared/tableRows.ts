// The rows in sight: a pool of elements, reused by index, so that scrolling by one row fills one element.
import { h } from './dom.ts'

export const rowHeight = 22
const overscan = 6

interface Line {
  element: HTMLElement
  cells: HTMLElement[]
  index: number
}

export interface RowColumn {
  numeric?: boolean
}

export function cellClass({ numeric }: RowColumn): string | null {
  return numeric ? 'numeric' : null
}

export interface RowSource {
  idPrefix: string
  columns: RowColumn[]
  length: () => number
  fill: (index: number, line: HTMLElement, cells: HTMLElement[]) => void
}

export class RowPool {
  readonly body = h('div', { class: 'tableBody', role: 'rowgroup' })
  readonly view = h('div', { class: 'tableView' }, this.body)
  private readonly lines: Line[] = []
  private readonly source: RowSource
  private columns: readonly boolean[] = []

  constructor(source: RowSource) {
    this.source = source
  }

  /** `force`: texts may have changed, fill also what is in place. */
  render(force: boolean): void {
    const length = this.source.length()
    const height = `${length * rowHeight}px`
    if (this.body.style.height !== height) this.body.style.height = height
    const first = Math.max(0, Math.floor(this.view.scrollTop / rowHeight) - overscan)
    const count = Math.ceil(this.view.clientHeight / rowHeight) + 2 * overscan
    while (this.lines.length < Math.min(count, length)) this.lines.push(this.newLine(this.lines.length))
    const last = Math.min(length, first + Math.min(count, this.lines.length))
    const used = new Set<Line>()
    for (let index = first; index < last; index++) {
      const line = this.lines[index % this.lines.length]
      used.add(line)
      if (line.index === index && !force) continue
      line.index = index
      line.element.hidden = false
      line.element.style.transform = `translateY(${index * rowHeight}px)`
      line.element.setAttribute('aria-rowindex', String(index + 2))
      this.source.fill(index, line.element, line.cells)
    }
    for (const line of this.lines) {
      if (used.has(line)) continue
      line.index = -1
      line.element.hidden = true
    }
  }

  /** Which columns are in sight. */
  showColumns(shown: readonly boolean[]): void {
    if (shown.every((on, i) => on === this.columns[i])) return
    this.columns = shown
    for (const { cells } of this.lines) cells.forEach((cell, i) => (cell.hidden = !shown[i]))
  }

  reveal(index: number): void {
    const top = index * rowHeight
    const lowest = top + rowHeight - this.view.clientHeight
    if (top < this.view.scrollTop) this.view.scrollTop = top
    else if (lowest > this.view.scrollTop) this.view.scrollTop = lowest
  }

  /** −1 for a node that is in no row. */
  indexOf(node: Node): number {
    return this.lines.find((line) => line.element.contains(node))?.index ?? -1
  }

  pageLength(): number {
    return Math.max(1, Math.floor(this.view.clientHeight / rowHeight) - 1)
  }

  private newLine(slot: number): Line {
    const element = h('div', { role: 'row', class: 'tableRow', id: `${this.source.idPrefix}-${slot}` })
    const cells = this.source.columns.map((column, i) =>
      h('div', { role: 'gridcell', class: cellClass(column), hidden: this.columns[i] === false }),
    )
    element.append(...cells)
    this.body.append(element)
    return { element, cells, index: -1 }
  }
}
