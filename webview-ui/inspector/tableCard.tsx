// The table of all tensors, with a filter, below their blocks or roles where a person wants that.
import { FilterField } from '../shared/filterField.tsx'
import { Select } from '../shared/parts.tsx'
import { Table } from '../shared/table.tsx'
import { tensorMenu } from '../shared/tensorMenu.ts'
import { filter, groupBy, model, select, table, type GroupBy } from './store.ts'
import { columns, lines, rows } from './tensorTable.ts'

export function TableCard() {
  const all = model.value?.tensors ?? []
  return (
    <section aria-label="Table of tensors">
      <div class="row">
        <FilterField label="Filter tensors by name" filter={filter} shown={rows.value.length} of={all.length} />
        <GroupField />
      </div>
      <Table
        label="Tensors"
        columns={columns}
        rows={lines.value}
        all={all}
        keyOf={({ name }) => name}
        state={table}
        tooltip={({ name, unreadable }) => [name, unreadable].filter(Boolean).join('\n')}
        onSelect={(tensor) => select(tensor, 'table')}
        menuContext={({ name }) => tensorMenu(name)}
        empty="No tensor has such a name."
      />
    </section>
  )
}

const groups = [
  { value: '', text: 'nothing' },
  { value: 'block', text: 'block' },
  { value: 'role', text: 'role' },
] as const

function GroupField() {
  const choose = (value: GroupBy | '') => (groupBy.value = value || null)
  return <Select before="Group by" label="Group by" options={groups} value={groupBy.value ?? ''} onChoose={choose} />
}
