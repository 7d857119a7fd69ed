// The mouse on a heatmap: a cell is chosen, cells are marked by dragging or by a name, and a tip says what lies under it.
import type { Place } from './gridData.ts'
import { cellAt, nameAt, type GridLayout } from './gridLayout.ts'

export interface PointerTarget {
  layout: GridLayout
  describe: (row: number, column: number) => string
  /** `extend`: from where it was to this cell. */
  choose: (cell: Place, extend: boolean) => void
  /** All from a corner, or from where it was, to this cell. */
  mark: (from: Place | null, to: Place) => void
}

export function followPointer(canvas: HTMLCanvasElement, tip: HTMLElement, target: () => PointerTarget): void {
  let pressed: Place | null = null
  const at = (event: MouseEvent) => {
    const box = canvas.getBoundingClientRect()
    return { x: event.clientX - box.left, y: event.clientY - box.top, width: box.width }
  }
  // mousedown rather than click: the context menu opens on it, and must be about the cell under the pointer.
  canvas.addEventListener('mousedown', (event) => {
    const { x, y } = at(event)
    const { layout, choose, mark } = target()
    pressed = cellAt(layout, x, y)
    if (pressed) return choose(pressed, event.shiftKey)
    const name = nameAt(layout, x, y)
    if (!name) return
    const [bottom, right] = [layout.rows - 1, layout.columns - 1]
    if ('row' in name) mark({ row: name.row, column: 0 }, { row: name.row, column: right })
    else mark({ row: 0, column: name.column }, { row: bottom, column: name.column })
  })
  canvas.addEventListener('mousemove', (event) => {
    const { x, y, width } = at(event)
    const { layout, mark, describe } = target()
    const cell = cellAt(layout, x, y)
    if ((event.buttons & 1) === 0) pressed = null
    if (cell && pressed && (cell.row !== pressed.row || cell.column !== pressed.column)) {
      pressed = cell
      mark(null, cell)
    }
    tip.hidden = !cell
    if (!cell) return
    tip.textContent = describe(cell.row, cell.column)
    tip.style.left = `${Math.max(0, Math.min(x + 12, width - tip.offsetWidth))}px`
    tip.style.top = `${y + 16}px`
  })
  canvas.addEventListener('mouseleave', () => (tip.hidden = true))
}
