// The table of all tensors, with a filter, below their blocks or roles where a person wants that.
import { NamedTable } from '../shared/namedTable.tsx'
import { Select } from '../shared/parts.tsx'
import { groupBy, select, type GroupBy } from './store.ts'
import { lines, tensors } from './tensorTable.ts'

export function TableCard() {
  return (
    <NamedTable
      of={tensors}
      what="tensors"
      label="Tensors"
      lines={lines.value}
      tooltip={({ name, unreadable }) => [name, unreadable].filter(Boolean).join('\n')}
      onSelect={(tensor) => select(tensor, 'table')}
      empty="No tensor has such a name."
    >
      <GroupField />
    </NamedTable>
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
