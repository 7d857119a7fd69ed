// The head of a table: a press sorts, P pins, dragging the edge or Shift and an arrow changes the width.
import { useRef } from 'preact/hooks'
import { announce } from './announce.ts'
import { placeAfter } from './roving.ts'
import type { Column } from './tableColumn.ts'
import { nextOrder, type TableState } from './tableState.ts'
import { narrowest, type PlacedColumn } from './tableWidths.ts'

const keyStep = 16

interface HeadProps<Row> {
  readonly columns: readonly PlacedColumn<Row>[]
  readonly state: TableState
}

export function TableHead<Row>({ columns, state: { kept } }: HeadProps<Row>) {
  const row = useRef<HTMLDivElement>(null)
  const buttons = () => [...(row.current?.querySelectorAll('button') ?? [])]
  const { order, widths, pins } = kept.value
  const resize = (id: string, width: number | null) => {
    const { [id]: _, ...others } = widths
    kept.value = { ...kept.value, widths: width === null ? others : { ...others, [id]: Math.max(narrowest, width) } }
  }
  const keydown = (event: KeyboardEvent, { id, title, pinned, width }: PlacedColumn<Row>) => {
    const by = event.shiftKey ? { ArrowLeft: -keyStep, ArrowRight: keyStep }[event.key] : undefined
    const next = placeAfter(event, buttons().indexOf(event.currentTarget as HTMLButtonElement), columns.length)
    if (by !== undefined) {
      resize(id, width + by)
      announce(`${title}: ${Math.max(narrowest, Math.round(width + by))} pixels wide`)
    } else if (event.key.toLowerCase() === 'p' && !event.ctrlKey && !event.metaKey) {
      kept.value = { ...kept.value, pins: { ...pins, [id]: !pinned } }
      announce(`${title}: ${pinned ? 'not pinned' : 'pinned'}`)
    } else if (next !== null) buttons()[next]?.focus()
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <div class="tableHeader" role="row" aria-rowindex={1} ref={row}>
      {columns.map((column, i) => {
        const { id, title, width, className, style } = column
        const mine = order?.column === id ? order : null
        return (
          <div
            key={id}
            role="columnheader"
            aria-sort={mine ? (mine.descending ? 'descending' : 'ascending') : 'none'}
            class={className}
            style={style}
          >
            <button
              type="button"
              // One Tab stop for all of them.
              tabIndex={i === 0 ? 0 : -1}
              title={`${title}: press to sort; P pins it at the left or unpins it; Shift+← and Shift+→ change the width`}
              onClick={() => (kept.value = { ...kept.value, order: nextOrder(column as Column<Row>, order) })}
              onKeyDown={(event) => keydown(event, column)}
            >
              {title}
              <span aria-hidden="true">{mine && (mine.descending ? ' ▾' : ' ▴')}</span>
            </button>
            <Edge width={width} resize={(next) => resize(id, next)} />
          </div>
        )
      })}
    </div>
  )
}

/** The edge that the pointer drags; the keyboard uses the button. */
function Edge({ width, resize }: { width: number; resize: (width: number | null) => void }) {
  const from = useRef<{ x: number; width: number } | null>(null)
  const letGo = () => (from.current = null)
  return (
    <div
      class="edge"
      aria-hidden="true"
      title="Drag to resize; double-click to fit the content"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        from.current = { x: event.clientX, width }
      }}
      onPointerMove={(event) => from.current && resize(from.current.width + event.clientX - from.current.x)}
      onPointerUp={letGo}
      onPointerCancel={letGo}
      onDblClick={() => resize(null)}
    />
  )
}
