// How wide the columns of a table are in the room that it has on its page.
import { untracked } from '@preact/signals'
import { useMemo, useRef } from 'preact/hooks'
import type { Room } from './drawn.tsx'
import type { Column } from './tableColumn.ts'
import type { KeptTable } from './tableState.ts'
import { place, type PlacedColumn } from './tablePins.ts'
import { layOutColumns } from './tableWidths.ts'
import { theme } from './theme.ts'

/** Beside the text of a cell: its padding; of a head: also the mark of the order. */
const cellPadding = 18
const headPadding = 32

/** The columns that there is room for, with their widths. None becomes narrower again with other rows. */
export function usePlaces<Row>(
  columns: readonly Column<Row>[],
  all: readonly Row[],
  { widths }: KeptTable,
  { width }: Room,
): readonly PlacedColumn<Row>[] {
  const longest = useRef(new Map<string, string>()).current
  // Once for rows that are new: a hundred thousand of them take a while.
  const isNew = useMemo(() => untracked(() => columns.map((column) => lengthen(longest, column, all))), [columns, all])
  const ink = theme.value
  return useMemo(() => {
    // Before the table is laid out nobody sees its columns.
    if (width === 0) return []
    const measure = measureIn(document.body)
    const texts = measure(columns.map(({ id }) => longest.get(id) ?? ''))
    const heads = measure(
      columns.map(({ title }) => title),
      '600 ',
    )
    const rooms = columns.map(({ id, most, optional, grow }, i) => {
      const need = Math.max(texts[i] + cellPadding, heads[i] + headPadding)
      return { need, most, set: widths[id], optional, grow }
    })
    return place(columns, layOutColumns(rooms, width), width)
  }, [columns, isNew, widths, width, ink])
}

function lengthen<Row>(longest: Map<string, string>, { id, text, reserve = '' }: Column<Row>, rows: readonly Row[]) {
  let most = longest.get(id) ?? reserve
  for (const row of rows) {
    const now = text(row)
    if (now.length > most.length) most = now
  }
  longest.set(id, most)
}

/** Widths of texts in the font that an element has; 0 where there is no canvas. */
function measureIn(element: HTMLElement): (texts: readonly string[], weight?: string) => number[] {
  const context = document.createElement('canvas').getContext('2d')
  const { fontFamily, fontSize } = getComputedStyle(element)
  return (texts, weight = '') => {
    if (context) context.font = `${weight}${fontSize} ${fontFamily}`
    return texts.map((text) => context?.measureText(text).width ?? 0)
  }
}
