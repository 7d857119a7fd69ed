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
  /** A text that is too long loses its beginning. */
  clipStart?: boolean
  /** Gives way when the table is narrow. */
  optional?: boolean
}

export function cellClass({ numeric, clipStart, optional }: RowColumn): string | null {
  return [numeric && 'numeric', clipStart && 'clipStart', optional && 'optional'].filter(Boolean).join(' ') || null
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
    const cells = this.source.columns.map((column) => {
      const cell = h('div', { role: 'gridcell', class: cellClass(column) })
      element.append(cell)
      return column.clipStart ? cell.appendChild(h('bdi', { dir: 'ltr' })) : cell
    })
    this.body.append(element)
    return { element, cells, index: -1 }
  }
}
