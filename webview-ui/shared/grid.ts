// A heatmap on a canvas that a keyboard and a screen reader can walk: the canvas is the picture, one hidden
// gridcell is the active descendant and says where the walker is.
import { announce } from './announce.ts'
import { context2d, h, onceAFrame } from './dom.ts'
import { cellAt, layOut, type GridLayout } from './gridLayout.ts'
import { paintGrid } from './gridPaint.ts'
import { gridToSvg, type FigureText } from './gridSvg.ts'

export interface GridCell {
  /** 0 to 1 on the colour scale; null: not computed, drawn hatched. */
  value: number | null
  /** The number as people read it, shown in wide cells. */
  text: string
}

export interface GridData {
  rows: string[]
  columns: string[]
  /** Row-major; undefined where the model has no such module. */
  cells: (GridCell | undefined)[]
  colour: (value: number) => string
}

export interface Grid {
  element: HTMLElement
  update(data: GridData): void
  /** null: nothing is selected. */
  select(cell: { row: number; column: number } | null): void
  redraw(): void
  /** As a figure: on white, with title and legend, nothing selected. */
  toSvg(text: FigureText): string
}

export interface GridOptions {
  label: string
  /** One sentence about a cell: for the tooltip and the screen reader. */
  describe: (row: number, column: number) => string
  onSelect: (row: number, column: number) => void
  /** Attached to the element for VS Code's own context menu. */
  menuContext?: (row: number, column: number) => Record<string, unknown>
}

const emptyData: GridData = { rows: [], columns: [], cells: [], colour: () => '#000000' }

export function createGrid(options: GridOptions): Grid {
  const canvas = h('canvas', { 'aria-hidden': 'true' })
  const active = h('div', { role: 'gridcell', id: `cell-${options.label.replace(/\W+/g, '-')}`, class: 'srOnly' })
  const row = h('div', { role: 'row', class: 'srOnly' }, active)
  const tip = h('div', { class: 'tip', 'aria-hidden': 'true', hidden: true })
  const element = h(
    'div',
    { class: 'grid', role: 'grid', tabindex: 0, 'aria-label': options.label, 'aria-activedescendant': active.id },
    canvas,
    row,
    tip,
  )
  let data = emptyData
  let layout: GridLayout = layOut([], [], 0)
  let at = { row: 0, column: 0 }
  let selected = false

  const draw = onceAFrame(() => {
    layout = layOut(data.rows, data.columns, element.clientWidth)
    const context = context2d(canvas, layout.width, layout.height)
    paintGrid(context, layout, data, selected ? at : null)
  })
  new ResizeObserver(draw).observe(element)

  const move = (next: { row: number; column: number }, tell: boolean) => {
    at = { row: clamp(next.row, data.rows.length), column: clamp(next.column, data.columns.length) }
    selected = true
    const sentence = options.describe(at.row, at.column)
    active.textContent = sentence
    row.setAttribute('aria-rowindex', String(at.row + 1))
    active.setAttribute('aria-colindex', String(at.column + 1))
    if (options.menuContext) element.dataset.vscodeContext = JSON.stringify(options.menuContext(at.row, at.column))
    if (tell) options.onSelect(at.row, at.column)
    draw()
  }
  element.addEventListener('keydown', (event) => {
    const next = step(event.key, at, data)
    if (!next) return
    event.preventDefault()
    move(next, true)
    announce(options.describe(at.row, at.column))
  })
  const pointed = (event: MouseEvent) => {
    const box = canvas.getBoundingClientRect()
    return cellAt(layout, event.clientX - box.left, event.clientY - box.top)
  }
  // mousedown rather than click: the context menu opens on it, and must be about the cell under the pointer.
  canvas.addEventListener('mousedown', (event) => {
    const cell = pointed(event)
    if (cell) move(cell, true)
  })
  canvas.addEventListener('mousemove', (event) => {
    const cell = pointed(event)
    tip.hidden = !cell
    if (!cell) return
    tip.textContent = options.describe(cell.row, cell.column)
    const box = canvas.getBoundingClientRect()
    const x = event.clientX - box.left
    tip.style.left = `${Math.max(0, Math.min(x + 12, box.width - tip.offsetWidth))}px`
    tip.style.top = `${event.clientY - box.top + 16}px`
  })
  canvas.addEventListener('mouseleave', () => (tip.hidden = true))

  return {
    element,
    update(next) {
      data = next
      element.setAttribute('aria-rowcount', String(data.rows.length))
      element.setAttribute('aria-colcount', String(data.columns.length))
      if (data.rows.length > 0) active.textContent = options.describe(at.row, at.column)
      draw()
    },
    select(cell) {
      if (cell) return move(cell, false)
      selected = false
      draw()
    },
    redraw: draw,
    toSvg: (text) => gridToSvg(layOut(data.rows, data.columns, 960), data, text),
  }
}

function clamp(index: number, length: number): number {
  return Math.max(0, Math.min(length - 1, index))
}

function step(key: string, at: { row: number; column: number }, data: GridData): typeof at | null {
  switch (key) {
    case 'ArrowUp':
      return { row: at.row - 1, column: at.column }
    case 'ArrowDown':
      return { row: at.row + 1, column: at.column }
    case 'ArrowLeft':
      return { row: at.row, column: at.column - 1 }
    case 'ArrowRight':
      return { row: at.row, column: at.column + 1 }
    case 'Home':
      return { row: at.row, column: 0 }
    case 'End':
      return { row: at.row, column: data.columns.length - 1 }
    case 'PageUp':
      return { row: 0, column: at.column }
    case 'PageDown':
      return { row: data.rows.length - 1, column: at.column }
    case 'Enter':
    case ' ':
      return at
    default:
      return null
  }
}
