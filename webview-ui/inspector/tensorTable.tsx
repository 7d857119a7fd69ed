// The table of all tensors, with a filter and optional groups by block or role.
import { computed } from '@preact/signals'
import { namedRows, NamedTable } from '../shared/namedTable.tsx'
import { Select } from '../shared/parts.tsx'
import { filter, groupBy, type GroupBy, known, measure, model, select, table } from './store.ts'
import type { TensorRow } from '../../src/protocol/inspect.ts'
import { formatBytes, formatShape, formatShare } from '../../src/formatting/numbers.ts'
import { nmKey, nmText } from './facts.ts'
import { sparsityMeasure } from './measures.ts'
import { grouped, type Line } from '../shared/tableState.ts'
import { placeColumns, type Column, numberColumn } from '../shared/tableColumn.ts'

const { first, last } = placeColumns<TensorRow>('Tensor')
const statsOf = ({ name }: TensorRow) => known.value.stats.get(name)
const sizeOf = ({ storedBytes, bytes }: TensorRow) => storedBytes ?? bytes

const columns: Column<TensorRow>[] = [
  ...first,
  { id: 'role', title: 'Role', optional: 5, text: (t) => t.role, sort: (t) => t.role },
  { id: 'dtype', title: 'Dtype', text: (t) => t.dtype, sort: (t) => t.dtype },
  numberColumn('shape', 'Shape', (t) => t.parameters, { optional: 1, text: (t) => formatShape(t.shape) }),
  numberColumn('parameters', 'Weights', (t) => t.parameters, { optional: 7 }),
  numberColumn('bytes', 'Size', sizeOf, { optional: 4, text: (t) => formatBytes(sizeOf(t)) }),
  numberColumn('sparsity', 'Exact zeros', (t) => statsOf(t)?.sparsity ?? null, {
    reserve: '100.00 %',
    text(t) {
      const found = statsOf(t)
      return found ? formatShare(found.sparsity) : t.unreadable ? 'n/a' : '–'
    },
  }),
  numberColumn('nm24', '2:4', (t) => nmKey(statsOf(t), '2:4'), {
    ...{ optional: 3, reserve: '99.9 %' },
    text: (t) => (t.role === 'linear' ? nmText(statsOf(t), '2:4') : 'n/a'),
  }),
  last,
  // The number that the map shows for each matrix.
  numberColumn('measure', 'On the map', measured, {
    ...{ optional: 2, reserve: '100.00 %' },
    text(t) {
      const value = measured(t)
      return value === null ? '–' : measure.value.text(value)
    },
  }),
]
/** The map's measure has a column unless another column shows it already. */
const shownColumns = computed(() =>
  measure.value === sparsityMeasure ? columns.filter(({ id }) => id !== 'measure') : columns,
)

function measured(t: TensorRow): number | null {
  return t.role === 'linear' ? measure.value.of(t, known.value) : null
}

export const tensors = namedRows(
  computed(() => model.value?.tensors ?? []),
  columns,
  { filter, table },
)

const groupOf: Readonly<Record<GroupBy, (tensor: TensorRow) => string>> = {
  block: ({ block }) => (block === null ? 'outside the blocks' : `block ${block}`),
  role: ({ role }) => role,
}
/** The table's rows under group headings. Groups are in the order of the checkpoint. */
export const lines = computed((): readonly Line<TensorRow>[] => {
  if (groupBy.value === null) return tensors.rows.value
  const of = groupOf[groupBy.value]
  return grouped(tensors.rows.value, [...new Set(tensors.all.value.map(of))], of)
})

export function TableCard() {
  return (
    <NamedTable
      of={{ ...tensors, columns: shownColumns.value }}
      what="tensors"
      label="Tensors"
      lines={lines.value}
      tooltip={({ name, unreadable }) => [name, unreadable].filter(Boolean).join('\n')}
      onSelect={(tensor) => select(tensor, 'table')}
      empty="No tensor matches the filter."
    >
      <Select
        before="Group by"
        label="Group by"
        options={groups}
        value={groupBy.value ?? ''}
        onChoose={(value) => (groupBy.value = value || null)}
      />
    </NamedTable>
  )
}

const groups = [
  { value: '', text: 'nothing' },
  { value: 'block', text: 'block' },
  { value: 'role', text: 'role' },
] as const
