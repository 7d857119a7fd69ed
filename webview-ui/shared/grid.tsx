// A heatmap on a canvas for pointer, keyboard and screen reader. The canvas is the picture; one hidden gridcell is the active
// descendant and describes the current cell.
import { useRef } from 'preact/hooks'
import { type Signal, useSignal } from '@preact/signals'
import { announce } from './announce.ts'
import { context2d, placeTip, usePainting } from './canvas.ts'
import { pixelOf, useWidth } from './picture.tsx'
import type { GridData, GridRange, Place } from './gridData.ts'
import {
  cellAt,
  cellGap,
  type GridLayout,
  type GridMark,
  labelEvery,
  layOut,
  nameAt,
  nothingMarked,
  rangeOf,
  rangeText,
  showsNumbers,
  step,
  within,
} from './gridLayout.ts'
import { theme as themeNow, type Theme } from './theme.ts'
import { inkOn } from './palette.ts'

export interface GridProps {
  readonly label: string
  readonly data: GridData
  /** One sentence about a cell: for the tooltip and the screen reader. */
  readonly describe: (row: number, column: number) => string
  readonly onSelect?: (row: number, column: number) => void
  /** The marked cells; the grid keeps its own state unless the page passes one. */
  readonly mark?: Signal<GridMark>
  /** Whether a rectangle of cells can be marked by dragging, by Shift, or by a click on a name. */
  readonly ranges?: boolean
  /** Attached to the element for VS Code's own context menu. */
  readonly menuContext?: (row: number, column: number) => Record<string, unknown>
}

export function Grid(props: GridProps) {
  const { label, data, describe, onSelect, ranges = false, menuContext } = props
  const own = useSignal(nothingMarked)
  const mark = props.mark ?? own
  const element = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const tip = useRef<HTMLDivElement>(null)
  const layout = layOut(data.rows, data.columns, useWidth(element))
  const { at, anchor } = mark.value
  const place = within(data, at ?? { row: 0, column: 0 })
  const range = rangeOf(mark.value)
  void themeNow.value

  const go = (to: Place, from: Place | null) => {
    mark.value = { at: within(data, to), anchor: ranges ? from : null }
  }
  const choose = (to: Place, extend: boolean) => {
    const { row, column } = within(data, to)
    onSelect?.(row, column)
    go(to, extend ? (anchor ?? place) : null)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const next = step(event.key, place, data)
    if (!next || data.rows.length === 0) return
    event.preventDefault()
    choose(next, event.shiftKey)
    const now = rangeOf(mark.value)
    const { row, column } = within(data, next)
    announce(now ? rangeText(now) : describe(row, column))
  }
  usePainting(() => {
    if (!canvas.current) return
    paintGrid(context2d(canvas.current, layout.width, layout.height), layout, data, at && place, range)
  })
  const pressed = useRef<Place | null>(null)
  // mousedown rather than click: the context menu opens on it, and must be about the cell under the pointer.
  const onMouseDown = (event: MouseEvent) => {
    const { x, y } = pixelOf(event)
    pressed.current = cellAt(layout, x, y)
    if (pressed.current) return choose(pressed.current, event.shiftKey)
    const name = nameAt(layout, x, y)
    // A name stands for all its cells.
    if (name && ranges)
      go({ row: layout.rows - 1, column: layout.columns - 1, ...name }, { row: 0, column: 0, ...name })
  }
  /** Moving the pointer redraws nothing but the tip. */
  const onMouseMove = (event: MouseEvent & { currentTarget: HTMLElement }) => {
    const { x, y } = pixelOf(event)
    const cell = cellAt(layout, x, y)
    const from = (event.buttons & 1) === 0 ? null : pressed.current
    pressed.current = from && (cell ?? from)
    if (cell && from && ranges && (cell.row !== from.row || cell.column !== from.column)) go(cell, anchor ?? place)
    if (!tip.current) return
    tip.current.hidden = !cell
    if (!cell) return
    tip.current.textContent = describe(cell.row, cell.column)
    placeTip(tip.current, event.currentTarget, x, y)
  }
  const onMouseLeave = () => tip.current && (tip.current.hidden = true)

  const id = `cell-${label.replace(/\W+/g, '-')}`
  return (
    <div
      ref={element}
      class="grid"
      role="grid"
      tabIndex={0}
      aria-label={label}
      aria-activedescendant={id}
      aria-rowcount={data.rows.length}
      aria-colcount={data.columns.length}
      data-vscode-context={at && menuContext && JSON.stringify(menuContext(place.row, place.column))}
      onKeyDown={onKeyDown}
    >
      <canvas ref={canvas} aria-hidden="true" {...{ onMouseDown, onMouseMove, onMouseLeave }} />
      <div role="row" class="srOnly" aria-rowindex={place.row + 1}>
        <div role="gridcell" id={id} class="srOnly" aria-colindex={place.column + 1}>
          {data.rows.length > 0 && describe(place.row, place.column)}
        </div>
      </div>
      <div ref={tip} class="tip" aria-hidden="true" hidden />
    </div>
  )
}

// Paints a heatmap in the colours of the theme.
function paintGrid(
  context: CanvasRenderingContext2D,
  layout: GridLayout,
  data: GridData,
  selected: Place | null,
  range: GridRange | null,
): void {
  const theme = themeNow.value
  context.clearRect(0, 0, layout.width, layout.height)
  paintNames(context, layout, data, theme)
  paintCells(context, layout, data, theme)
  if (range) paintRange(context, layout, theme, range)
  if (!selected || range) return
  const x = layout.left + selected.column * layout.cellWidth
  const y = layout.top + selected.row * layout.cellHeight
  const [width, height] = [layout.cellWidth - cellGap, layout.cellHeight - cellGap]
  context.lineWidth = 2
  // A cell may have the colour of the focus. A second line inside it, in the text colour of the cell, is always visible.
  const value = data.cells[selected.row * layout.columns + selected.column]?.value ?? null
  context.strokeStyle = value === null ? theme.text : inkOn(data.colour(value))
  context.strokeRect(x + 2, y + 2, width - 4, height - 4)
  context.strokeStyle = theme.focus
  context.strokeRect(x, y, width, height)
}

function paintRange(
  context: CanvasRenderingContext2D,
  layout: GridLayout,
  theme: Theme,
  { from, to }: GridRange,
): void {
  const x = layout.left + from.column * layout.cellWidth
  const y = layout.top + from.row * layout.cellHeight
  const width = (to.column - from.column + 1) * layout.cellWidth - cellGap
  const height = (to.row - from.row + 1) * layout.cellHeight - cellGap
  // Two lines of two colours are visible on every cell.
  context.lineWidth = 4
  context.strokeStyle = theme.paper ?? theme.text
  context.strokeRect(x, y, width, height)
  context.lineWidth = 2
  context.strokeStyle = theme.focus
  context.strokeRect(x, y, width, height)
}

/** Draws all cells, then all texts: changing the font between two is slower than drawing either. */
function paintCells(context: CanvasRenderingContext2D, layout: GridLayout, data: GridData, theme: Theme): void {
  const [width, height] = [layout.cellWidth - cellGap, layout.cellHeight - cellGap]
  const hatching = data.cells.some((cell) => cell?.value === null) ? hatch(context, theme.notComputed) : ''
  const texts: { text: string; ink: string; x: number; y: number }[] = []
  context.strokeStyle = theme.border
  context.lineWidth = 1
  data.cells.forEach((cell, i) => {
    if (!cell) return
    const x = layout.left + (i % layout.columns) * layout.cellWidth
    const y = layout.top + Math.floor(i / layout.columns) * layout.cellHeight
    const colour = cell.value === null ? null : data.colour(cell.value)
    context.fillStyle = colour ?? hatching
    context.fillRect(x, y, width, height)
    if (theme.highContrast) context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1)
    if (colour !== null) texts.push({ text: cell.text, ink: inkOn(colour), x: x + width / 2, y: y + height / 2 + 0.5 })
  })
  if (!showsNumbers(layout, data.cells)) return
  context.font = `10px ${theme.font}`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  for (const { text, ink, x, y } of texts) {
    context.fillStyle = ink
    context.fillText(text, x, y)
  }
}

/** Diagonal lines: "not computed" must never look like a number. In device pixels, or they would be blurred. */
function hatch(context: CanvasRenderingContext2D, colour: string): CanvasPattern | string {
  const ratio = context.getTransform().a
  const size = Math.round(5 * ratio)
  const tile = new OffscreenCanvas(size, size)
  const lines = tile.getContext('2d')
  if (!lines) return colour
  lines.globalAlpha = 0.45
  lines.strokeStyle = colour
  lines.lineWidth = ratio
  // The corners belong to the lines of the tiles beside.
  for (const from of [-size, 0, size]) {
    lines.moveTo(from - 1, size + 1)
    lines.lineTo(from + size + 1, -1)
  }
  lines.stroke()
  const pattern = context.createPattern(tile, 'repeat')
  pattern?.setTransform(new DOMMatrix().scale(1 / ratio))
  return pattern ?? colour
}

function paintNames(context: CanvasRenderingContext2D, layout: GridLayout, data: GridData, theme: Theme): void {
  context.fillStyle = theme.text
  context.font = `11px ${theme.font}`
  context.textBaseline = 'middle'
  context.textAlign = 'right'
  const every = labelEvery(layout)
  data.rows.forEach((name, row) => {
    if (row % every !== 0) return
    context.fillText(name, layout.left - 6, layout.top + (row + 0.5) * layout.cellHeight)
  })
  context.textAlign = 'center'
  const middle = (first: number, last = first) =>
    layout.left + ((first + last + 1) / 2) * layout.cellWidth - cellGap / 2
  layout.names.forEach((name, column) => context.fillText(name, middle(column), layout.top - 10))
  context.fillStyle = theme.muted
  for (const { name, first, last } of layout.groups) {
    context.fillText(name, middle(first, last), 8)
    const [x, width] = [layout.left + first * layout.cellWidth, (last - first + 1) * layout.cellWidth - 8]
    context.fillRect(x, 18, width, 1)
  }
}
