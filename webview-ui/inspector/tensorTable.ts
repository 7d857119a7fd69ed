// The table of tensors: its columns, and the rows that the filter keeps.
import { computed } from '@preact/signals'
import type { TensorRow, TensorStats } from '../../src/shared/protocol/inspect.ts'
import { formatBytes } from '../../src/shared/format/byteSize.ts'
import { nmKey, nmText } from './nmText.ts'
import { formatCount, formatShape, formatShare } from '../../src/shared/format/numbers.ts'
import { compileFilter } from '../shared/filter.ts'
import { grouped, ofLines, type Line } from '../shared/lines.ts'
import { placeColumns } from '../shared/placeColumns.ts'
import type { Column } from '../shared/tableColumn.ts'
import { inOrder } from '../shared/tableState.ts'
import { measure } from './colouring.ts'
import { filter, groupBy, known, model, table, type GroupBy } from './store.ts'

function tensorColumns(stats: (name: string) => TensorStats | undefined): Column<TensorRow>[] {
  const { first, last } = placeColumns<TensorRow>('Tensor')
  return [
    ...first,
    { id: 'role', title: 'Role', optional: 5, text: (t) => t.role, sort: (t) => t.role },
    { id: 'dtype', title: 'Dtype', text: (t) => t.dtype, sort: (t) => t.dtype },
    {
      id: 'shape',
      title: 'Shape',
      optional: 1,
      numeric: true,
      text: (t) => formatShape(t.shape),
      sort: (t) => t.parameters,
    },
    {
      id: 'parameters',
      title: 'Weights',
      optional: 7,
      numeric: true,
      text: (t) => formatCount(t.parameters),
      sort: (t) => t.parameters,
    },
    {
      id: 'bytes',
      title: 'Size',
      optional: 4,
      numeric: true,
      text: (t) => formatBytes(t.storedBytes ?? t.bytes),
      sort: (t) => t.storedBytes ?? t.bytes,
    },
    {
      id: 'sparsity',
      title: 'Zeros',
      numeric: true,
      reserve: '100.00 %',
      text: (t) => {
        const found = stats(t.name)
        return found ? formatShare(found.sparsity) : t.unreadable ? 'n/a' : '–'
      },
      sort: (t) => stats(t.name)?.sparsity ?? null,
    },
    {
      id: 'nm24',
      title: '2:4',
      optional: 3,
      numeric: true,
      reserve: '99.9 %',
      text: (t) => (t.role === 'linear' ? nmText(stats(t.name), '2:4') : 'n/a'),
      sort: (t) => nmKey(stats(t.name), '2:4'),
    },
    last,
  ]
}

/** The map's number of each matrix. */
const onTheMap: Column<TensorRow> = {
  id: 'measure',
  title: 'On the map',
  optional: 2,
  numeric: true,
  reserve: '100.00 %',
  text: (t) => {
    const value = measured(t)
    return value === null ? '–' : measure.value.text(value)
  },
  sort: measured,
}

function measured(t: TensorRow): number | null {
  return t.role === 'linear' ? measure.value.of(t, known.value) : null
}

const ofTensors = [...tensorColumns((name) => known.value.stats.get(name)), onTheMap]
export const columns = ofTensors.map(ofLines)

const kept = computed(() => {
  const { keep } = compileFilter(filter.value)
  return (model.value?.tensors ?? []).filter(({ name }) => keep?.(name) ?? true)
})
/** As they are shown: filtered, in their order. */
export const rows = computed(() => inOrder(kept.value, ofTensors, table))

const groupOf: Readonly<Record<GroupBy, (tensor: TensorRow) => string>> = {
  block: ({ block }) => (block === null ? 'outside the blocks' : `block ${block}`),
  role: ({ role }) => role,
}
/** The same below their groups, which stand in the order of the checkpoint. */
export const lines = computed((): readonly Line<TensorRow>[] => {
  if (groupBy.value === null) return rows.value
  const of = groupOf[groupBy.value]
  return grouped(rows.value, [...new Set((model.value?.tensors ?? []).map(of))], of)
})
