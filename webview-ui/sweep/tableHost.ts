// The table of runs in its place: made anew when its columns become others, else only its rows change.
import type { ComparedRow } from '../../src/shared/protocol/sweepView.ts'
import { h, replaceChildren } from '../shared/dom.ts'
import { createTable, type Table } from '../shared/table.ts'
import type { Entry } from './entries.ts'
import type { Options } from './options.ts'
import { columnsOf } from './runTable.ts'

export interface TableActions {
  /** The run's present row. */
  readonly rowOf: (run: number) => ComparedRow
  readonly open: (entry: Entry) => void
  readonly select: (entries: readonly Entry[]) => void
  /** Order or widths are others: kept in the options. */
  readonly arranged: () => void
}

export function createTableHost(options: Options, { rowOf, open, select, arranged }: TableActions) {
  const element = h('div', {})
  let current: { readonly columns: string; readonly table: Table<Entry> } | null = null
  let shown: readonly Entry[] = []

  function newTable(columns: ReturnType<typeof columnsOf>, all: readonly Entry[]): Table<Entry> {
    const made = createTable<Entry>({
      label: 'Runs',
      columns,
      key: ({ key }) => key,
      tooltip: ({ names, members }) =>
        [names.join(', '), ...members.flatMap((run) => rowOf(run).message ?? [])].join('\n'),
      onSelect: () => {},
      onSelectMany: (keys) => {
        const ofTable = new Map(shown.map((entry) => [entry.key, entry]))
        select([...keys].flatMap((key) => ofTable.get(key) ?? []))
      },
      onOpen: open,
      empty: 'No run matches the filter.',
      onSort: (order) => {
        options.order = order
        arranged()
      },
      onResize: (widths) => {
        options.widths = widths
        arranged()
      },
    })
    replaceChildren(element, made.element)
    made.fit(all)
    made.setWidths(options.widths)
    made.setOrder(options.order)
    return made
  }

  return {
    element,
    /** `entries`: those of `all` that the filter keeps. */
    update(all: readonly Entry[], entries: Entry[], isSelected: (entry: Entry) => boolean): void {
      shown = entries
      const columns = columnsOf(all, rowOf)
      const ids = JSON.stringify(columns.map(({ id }) => id))
      if (current?.columns !== ids) current = { columns: ids, table: newTable(columns, all) }
      const { table } = current
      table.fit(all)
      table.setRows(entries)
      element.style.setProperty('--tableHeight', `${Math.min(330, Math.max(3, entries.length) * 22 + 2)}px`)
      table.selectMany(new Set(entries.filter(isSelected).map(({ key }) => key)))
    },
    /** The rows in the table's order. */
    rows: (): readonly Entry[] => current?.table.rows() ?? shown,
  }
}
