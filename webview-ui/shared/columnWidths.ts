// The widths of a table's columns on the page: what their content needs, what a person dragged, what there is room for.
import type { Column } from './tableColumn.ts'
import { layOutColumns, type ColumnRoom } from './tableWidths.ts'
import { h } from './dom.ts'

/** Beside the text of a cell: its padding; of a head: also the mark of the order. */
const cellPadding = 18
const headPadding = 32

/** Widths of the columns, kept on the table as a CSS grid. */
export function createWidths<Row>(
  columns: readonly Column<Row>[],
  element: HTMLElement,
  changed: (widths: readonly (number | null)[]) => void,
) {
  const longest = columns.map((column) => column.reserve ?? '')
  const chosen = new Map<number, number>()
  let gutter = 0
  const layOut = (scrollbar: number) => {
    gutter = scrollbar
    if (element.clientWidth === 0) return
    const measure = measureIn(element)
    const rooms = columns.map(({ title, optional, grow }, i): ColumnRoom => {
      const need = Math.max(measure(longest[i]) + cellPadding, measure(title, true) + headPadding)
      return { need, set: chosen.get(i), optional, grow }
    })
    const widths = layOutColumns(rooms, element.clientWidth - gutter)
    const shown = widths.filter((width) => width !== null)
    element.style.setProperty('--columns', shown.map((width) => `${width}px`).join(' '))
    element.style.setProperty('--tableWidth', `${shown.reduce((sum, width) => sum + width, gutter)}px`)
    changed(widths)
  }
  return {
    layOut,
    fit(rows: readonly Row[]) {
      columns.forEach((column, i) => {
        for (const row of rows) {
          const text = column.text(row)
          if (text.length > longest[i].length) longest[i] = text
        }
      })
    },
    set(column: number, width: number | null) {
      if (width === null) chosen.delete(column)
      else chosen.set(column, width)
      layOut(gutter)
    },
    setAll(widths: Record<string, number>) {
      chosen.clear()
      columns.forEach(({ id }, i) => {
        if (widths[id] !== undefined) chosen.set(i, widths[id])
      })
      layOut(gutter)
    },
    chosen: () => Object.fromEntries([...chosen].map(([i, width]) => [columns[i].id, width])),
  }
}

/** Measures in the font that an element has; 0 where there is no canvas. */
function measureIn(element: HTMLElement): (text: string, bold?: boolean) => number {
  const context = h('canvas').getContext('2d')
  const { fontFamily, fontSize } = getComputedStyle(element)
  return (text, bold = false) => {
    if (!context) return 0
    context.font = `${bold ? '600 ' : ''}${fontSize} ${fontFamily}`
    return context.measureText(text).width
  }
}
