// A heatmap on a canvas for pointer, keyboard and screen reader. The canvas is the picture; one hidden gridcell is the active
// descendant and describes the current cell.
import { useLayoutEffect, useRef } from 'preact/hooks'
import { type Signal, useSignal } from '@preact/signals'
import { announce } from './announce.ts'
import { context2d, usePainting } from './canvas.ts'
import { useWidth } from './picture.tsx'
import type { GridData, Place } from './gridData.ts'
import {
  cellAt,
  type GridLayout,
  type GridMark,
  layOut,
  nameAt,
  nothingMarked,
  rangeOf,
  rangeText,
  step,
  within,
} from './gridLayout.ts'
import { paintGrid } from './gridPaint.ts'
import { theme } from './theme.ts'

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
  void theme.value

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
  const pointer = useRef<PointerTarget | null>(null)
  pointer.current = { layout, describe, choose, mark: (from, to) => ranges && go(to, from ?? anchor ?? place) }
  useLayoutEffect(() => {
    if (canvas.current && tip.current)
      followPointer(canvas.current, tip.current, () => pointer.current as PointerTarget)
  }, [])

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
      <canvas ref={canvas} aria-hidden="true" />
      <div role="row" class="srOnly" aria-rowindex={place.row + 1}>
        <div role="gridcell" id={id} class="srOnly" aria-colindex={place.column + 1}>
          {data.rows.length > 0 && describe(place.row, place.column)}
        </div>
      </div>
      <div ref={tip} class="tip" aria-hidden="true" hidden />
    </div>
  )
}

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
