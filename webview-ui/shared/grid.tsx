// A heatmap for pointer, keyboard and screen reader. The SVG is the picture; one hidden gridcell is the active descendant and
// describes the current cell.
import type { HTMLAttributes } from 'preact'
import { useMemo, useRef } from 'preact/hooks'
import { type Signal, useSignal } from '@preact/signals'
import { announce } from './announce.ts'
import { placeTip } from './canvas.ts'
import { drawn, pixelOf, useWidth } from './picture.tsx'
import type { GridData, GridRange, Place } from './gridData.ts'
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
import { gridShapes, rangeShapes, selectedShapes } from './gridShapes.ts'
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
  const tip = useRef<HTMLDivElement>(null)
  const room = useWidth(element)
  const layout = useMemo(() => layOut(data.rows, data.columns, room), [data, room])
  const { at, anchor } = mark.value
  const place = within(data, at ?? { row: 0, column: 0 })
  const range = rangeOf(mark.value)

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
  const pressed = useRef<Place | null>(null)
  // mousedown rather than click: the context menu opens on it, and must be about the cell under the pointer.
  const onMouseDown = (event: MouseEvent) => {
    const { x, y } = pixelOf(event)
    pressed.current = cellAt(layout, x, y)
    if (pressed.current) return choose(pressed.current, event.shiftKey)
    const name = nameAt(layout, x, y)
    // Pressing a name marks all cells of its row or column.
    if (name && ranges)
      go({ row: layout.rows - 1, column: layout.columns - 1, ...name }, { row: 0, column: 0, ...name })
  }
  /** Moving the pointer redraws nothing but the tip. */
  const onMouseMove = (event: MouseEvent) => {
    const { x, y } = pixelOf(event)
    const cell = cellAt(layout, x, y)
    const from = (event.buttons & 1) === 0 ? null : pressed.current
    pressed.current = from && (cell ?? from)
    if (cell && from && ranges && (cell.row !== from.row || cell.column !== from.column)) go(cell, anchor ?? place)
    if (!tip.current) return
    tip.current.hidden = !cell
    if (!cell) return
    tip.current.textContent = describe(cell.row, cell.column)
    placeTip(tip.current, { offsetLeft: 0, offsetTop: 0, offsetWidth: layout.width }, x, y)
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
      <GridPicture {...{ layout, data, at: at && place, range, onMouseDown, onMouseMove, onMouseLeave }} />
      <div role="row" class="srOnly" aria-rowindex={place.row + 1}>
        <div role="gridcell" id={id} class="srOnly" aria-colindex={place.column + 1}>
          {data.rows.length > 0 && describe(place.row, place.column)}
        </div>
      </div>
      <div ref={tip} class="tip" aria-hidden="true" hidden />
    </div>
  )
}

interface PictureProps extends Pick<HTMLAttributes<SVGSVGElement>, 'onMouseDown' | 'onMouseMove' | 'onMouseLeave'> {
  readonly layout: GridLayout
  readonly data: GridData
  readonly at: Place | null
  readonly range: GridRange | null
}

/** The cells are drawn again only when they, the width or the theme change. */
function GridPicture({ layout, data, at, range, ...handlers }: PictureProps) {
  const ink = theme.value
  const cells = useMemo(() => {
    return gridShapes(layout, data, { ...ink, border: ink.highContrast ? ink.border : null }).map(drawn)
  }, [layout, data, ink])
  const marks = range ? rangeShapes(layout, range, ink) : at ? selectedShapes(layout, data, at, ink) : []
  return (
    <svg width={layout.width} height={layout.height} aria-hidden="true" {...handlers}>
      {cells}
      {marks.map(drawn)}
    </svg>
  )
}
