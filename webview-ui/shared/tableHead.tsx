// The head of a table: a press sorts, P pins.
import { useRef } from 'preact/hooks'
import { announce } from './announce.ts'
import { placeAfter } from './roving.ts'
import type { Column } from './tableColumn.ts'
import { nextOrder, type TableState } from './tableState.ts'
import type { PlacedColumn } from './tableWidths.ts'

interface HeadProps<Row> {
  readonly columns: readonly PlacedColumn<Row>[]
  readonly state: TableState
}

export function TableHead<Row>({ columns, state: { kept } }: HeadProps<Row>) {
  const row = useRef<HTMLDivElement>(null)
  const buttons = () => [...(row.current?.querySelectorAll('button') ?? [])]
  const { order, pins } = kept.value
  const keydown = (event: KeyboardEvent, { id, title, pinned }: PlacedColumn<Row>) => {
    const next = placeAfter(event, buttons().indexOf(event.currentTarget as HTMLButtonElement), columns.length)
    if (event.key.toLowerCase() === 'p' && !event.ctrlKey && !event.metaKey) {
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
        const { id, title, className, style } = column
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
              // One Tab stop for all heads.
              tabIndex={i === 0 ? 0 : -1}
              title={`${title}: press to sort; P pins it at the left or unpins it`}
              onClick={() => (kept.value = { ...kept.value, order: nextOrder(column as Column<Row>, order) })}
              onKeyDown={(event) => keydown(event, column)}
            >
              {title}
              <span aria-hidden="true">{mine && (mine.descending ? ' ▾' : ' ▴')}</span>
            </button>
          </div>
        )
      })}
    </div>
  )
}
