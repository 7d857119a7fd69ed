// Columns of the tensor table.
import type { TensorRow, TensorStats } from '../../src/shared/protocol/inspect.ts'
import { formatBytes } from '../../src/shared/format/byteSize.ts'
import { isKept, keptShare } from '../../src/shared/format/nmValidity.ts'
import { formatCount, formatShape, formatShare } from '../../src/shared/format/numbers.ts'
import { placeColumns } from '../shared/placeColumns.ts'
import type { Column } from '../shared/tableColumn.ts'
import type { Known, Measure } from './measures.ts'

/** "valid" when every group obeys; the share that does; "no" where hardly any does; n/a where the inputs do not divide. */
export function nmText(stats: TensorStats | undefined, pattern: string): string {
  const found = stats?.nm[pattern]
  if (!stats) return '–'
  if (!found) return 'n/a'
  if (found.violations === 0) return 'valid'
  return isKept(found) ? formatShare(keptShare(found), 1) : 'no'
}

function nmKey(stats: TensorStats | undefined, pattern: string): number | null {
  const found = stats?.nm[pattern]
  return found ? keptShare(found) : null
}

export function tensorColumns(stats: (name: string) => TensorStats | undefined): Column<TensorRow>[] {
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

/** Column of the map's measure, where the table does not show it anyway. */
export function measureColumn(current: () => Measure, known: () => Known): Column<TensorRow> {
  const valueOf = (t: TensorRow) => (t.role === 'linear' ? current().of(t, known()) : null)
  return {
    id: 'measure',
    title: 'On the map',
    optional: 2,
    numeric: true,
    reserve: '100.00 %',
    text: (t) => {
      const value = valueOf(t)
      return value === null ? '–' : current().text(value)
    },
    sort: valueOf,
  }
}
