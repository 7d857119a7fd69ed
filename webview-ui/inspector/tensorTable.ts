// Columns of the tensor table.
import type { TensorRow, TensorStats } from '../../src/shared/protocol/inspect.ts'
import { formatBytes } from '../../src/shared/format/byteSize.ts'
import { formatCount, formatShape, formatShare } from '../../src/shared/format/numbers.ts'
import type { Column } from '../shared/table.ts'

/** "2:4" when every group obeys; else the share of groups that break it; n-a where the inputs do not divide. */
export function nmText(stats: TensorStats | undefined, pattern: string): string {
  const found = stats?.nm[pattern]
  if (!stats) return '–'
  if (!found) return 'n/a'
  return found.violations === 0 ? 'valid' : `${formatShare(found.violations / found.groups, 1)} broken`
}

function nmKey(stats: TensorStats | undefined, pattern: string): number | null {
  const found = stats?.nm[pattern]
  return found ? found.violations / found.groups : null
}

export function tensorColumns(stats: (name: string) => TensorStats | undefined): Column<TensorRow>[] {
  return [
    { id: 'name', title: 'Tensor', width: 'minmax(0, 5fr)', clipStart: true, text: (t) => t.name, sort: (t) => t.name },
    { id: 'role', title: 'Role', width: '84px', optional: true, text: (t) => t.role, sort: (t) => t.role },
    { id: 'dtype', title: 'Dtype', width: '60px', text: (t) => t.dtype, sort: (t) => t.dtype },
    {
      id: 'shape',
      title: 'Shape',
      width: '120px',
      numeric: true,
      text: (t) => formatShape(t.shape),
      sort: (t) => t.parameters,
    },
    {
      id: 'parameters',
      title: 'Weights',
      optional: true,
      width: '120px',
      numeric: true,
      text: (t) => formatCount(t.parameters),
      sort: (t) => t.parameters,
    },
    {
      id: 'bytes',
      title: 'Size',
      optional: true,
      width: '90px',
      numeric: true,
      text: (t) => formatBytes(t.bytes),
      sort: (t) => t.bytes,
    },
    {
      id: 'sparsity',
      title: 'Zeros',
      width: '90px',
      numeric: true,
      text: (t) => {
        const found = stats(t.name)
        return found ? formatShare(found.sparsity) : t.unreadable ? 'n/a' : '–'
      },
      sort: (t) => stats(t.name)?.sparsity ?? null,
    },
    {
      id: 'nm24',
      title: '2:4',
      width: '128px',
      numeric: true,
      text: (t) => (t.role === 'linear' ? nmText(stats(t.name), '2:4') : 'n/a'),
      sort: (t) => nmKey(stats(t.name), '2:4'),
    },
  ]
}
