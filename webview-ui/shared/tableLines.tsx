// The visible rows. Each slot keeps its element, so that scrolling by one row redraws one slot.
import type { ReadonlySignal } from '@preact/signals'
import { plural } from '../../src/formatting/numbers.ts'
import { isHeading, keyOfLine, type Line } from './tableState.ts'
import type { TableProps } from './tableColumn.ts'
import type { PlacedColumn } from './tableWidths.ts'

export const rowHeight = 22
const overscan = 6

/** Indices of the rendered rows by slot: row i is always in slot i modulo the number of slots. `first`: the topmost visible row. */
export function linesInSight(first: number, height: number, length: number): number[] {
  const count = Math.min(length, Math.ceil(height / rowHeight) + 2 * overscan)
  const from = Math.max(0, Math.min(first - overscan, length - count))
  return Array.from({ length: count }, (_, slot) => from + ((((slot - from) % count) + count) % count))
}

interface LinesProps<Row extends object> extends TableProps<Row> {
  /** Prefix of the ids of row elements. */
  readonly id: string
  readonly first: ReadonlySignal<number>
  readonly height: number
  readonly placed: readonly PlacedColumn<Row>[]
  readonly current: number
}

/** Scrolling redraws only the slots that get another row. */
export function TableLines<Row extends object>({ first, height, current, label: _, ...table }: LinesProps<Row>) {
  const { rows } = table
  return (
    <>
      {linesInSight(first.value, height, rows.length).map((index, slot) => (
        <TableLine key={slot} {...table} index={index} line={rows[index]} isCurrent={index === current} />
      ))}
    </>
  )
}

interface LineProps<Row extends object> extends Omit<LinesProps<Row>, 'label' | 'first' | 'height' | 'current'> {
  readonly index: number
  readonly line: Line<Row>
  readonly isCurrent: boolean
}

/** A component of its own, because a component is redrawn only when its props or the signals that it reads change. */
function TableLine<Row extends object>({ id, index, line, isCurrent, placed, ...table }: LineProps<Row>) {
  const { keyOf, several, state, menuContext, tooltip = keyOf } = table
  const chosen = state.chosen.value
  const isHead = isHeading(line)
  return (
    <div
      id={`${id}-${index}`}
      role="row"
      class={isCurrent ? 'tableRow current' : 'tableRow'}
      style={{ transform: `translateY(${index * rowHeight}px)` }}
      aria-rowindex={index + 2}
      aria-selected={several ? chosen.has(keyOfLine(line, keyOf)) : isCurrent}
      title={isHead ? line.heading : tooltip(line)}
      data-vscode-context={isHead ? undefined : menuContext && JSON.stringify(menuContext(line))}
    >
      {isHead ? (
        <div role="gridcell" aria-colspan={placed.length} class="tableHeading">
          {line.heading} <span class="muted">{`· ${plural(line.count, 'row')}`}</span>
        </div>
      ) : (
        placed.map((column) => (
          <div key={column.id} role="gridcell" class={column.className} style={column.style}>
            {column.cell ? column.cell(line) : column.text(line)}
          </div>
        ))
      )}
    </div>
  )
}
