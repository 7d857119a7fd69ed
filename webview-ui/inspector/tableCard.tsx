// The table of all tensors, with a filter.
import type { TensorRow } from '../../src/shared/protocol/inspect.ts'
import { FilterField } from '../shared/filterField.tsx'
import { Table } from '../shared/table.tsx'
import { filter, model, select, table } from './store.ts'
import { columns, rows } from './tensorTable.ts'

/** For VS Code's own menu. */
export const menuContext = (tensor: TensorRow | undefined): Record<string, unknown> =>
  tensor ? { webviewSection: 'tensor', tensor: tensor.name, preventDefaultContextMenuItems: true } : {}

export function TableCard() {
  const all = model.value?.tensors ?? []
  return (
    <section aria-label="Table of tensors">
      <FilterField label="Filter tensors by name" filter={filter} shown={rows.value.length} of={all.length} />
      <Table
        label="Tensors"
        columns={columns}
        rows={rows.value}
        all={all}
        keyOf={(tensor) => tensor.name}
        state={table}
        onSelect={(tensor) => select(tensor, 'table')}
        menuContext={menuContext}
        empty="No tensor has such a name."
      />
    </section>
  )
}
