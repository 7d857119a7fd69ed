// A heatmap on a canvas that a keyboard and a screen reader can walk: the canvas is the picture, one hidden
// gridcell is the active descendant and says where the walker is.
import type { GridData, GridRange, Place } from './gridData.ts'
import { announce } from './announce.ts'
import { context2d, h, onceAFrame } from './dom.ts'
import { layOut, type GridLayout } from './gridLayout.ts'
import { followPointer } from './gridPointer.ts'
import { paintGrid } from './gridPaint.ts'
import { gridToSvg, type FigureText } from './gridSvg.ts'
import { plural } from '../../src/shared/format/plural.ts'

export interface Grid {
  element: HTMLElement
  update(data: GridData): void
  /** null: nothing is selected. */
  select(cell: { row: number; column: number } | null): void
  redraw(): void
  /** The map as a figure: on white, with title and legend, nothing selected. */
  toSvg(text: FigureText): string
}

export interface GridOptions {
  label: string
  /** One sentence about a cell: for the tooltip and the screen reader. */
  describe: (row: number, column: number) => string
  onSelect: (row: number, column: number) => void
  /** Several are marked, by dragging, by Shift, or by a click on a name: a rectangle of them; null: none or one. */
  onRange?: (range: GridRange | null) => void
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
  /** One corner of a range, whose other corner is `at`. */
  let anchor: Place | null = null
  const range = () => rangeBetween(anchor, at)

  const draw = onceAFrame(() => {
    layout = layOut(data.rows, data.columns, element.clientWidth)
    const context = context2d(canvas, layout.width, layout.height)
    paintGrid(context, layout, data, selected ? at : null, range())
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
    options.onRange?.(range())
    draw()
  }
  element.addEventListener('keydown', (event) => {
    const next = step(event.key, at, data)
    if (!next) return
    event.preventDefault()
    anchor = event.shiftKey && options.onRange ? (anchor ?? at) : null
    move(next, true)
    const marked = range()
    announce(marked ? rangeText(marked) : options.describe(at.row, at.column))
  })
  followPointer(canvas, tip, {
    layout: () => layout,
    describe: options.describe,
    choose(cell, extend) {
      anchor = extend && options.onRange ? (anchor ?? at) : null
      move(cell, true)
    },
    mark(from, to) {
      if (!options.onRange) return
      anchor = from ?? anchor ?? at
      move(to, false)
    },
  })

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
      if (cell && cell.row === at.row && cell.column === at.column && selected) return
      anchor = null
      if (cell) return move(cell, false)
      selected = false
      options.onRange?.(null)
      draw()
    },
    redraw: draw,
    toSvg: (text) => gridToSvg(layOut(data.rows, data.columns, 960), data, text),
  }
}

function rangeBetween(anchor: Place | null, at: Place): GridRange | null {
  if (!anchor || (anchor.row === at.row && anchor.column === at.column)) return null
  const [from, to] = [Math.min, Math.max].map((pick) => ({
    row: pick(anchor.row, at.row),
    column: pick(anchor.column, at.column),
  }))
  return { from, to }
}

function rangeText({ from, to }: GridRange): string {
  return `${plural(to.row - from.row + 1, 'block')} by ${plural(to.column - from.column + 1, 'module')} marked`
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
