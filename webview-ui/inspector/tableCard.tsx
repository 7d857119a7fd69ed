// The table of all tensors, with a filter, below their blocks or roles where a person wants that.
import { FilterField } from '../shared/filterField.tsx'
import { HeadingText } from '../shared/headingText.tsx'
import { isHeading } from '../shared/lines.ts'
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
        keyOf={(line) => (isHeading(line) ? `group ${line.heading}` : line.name)}
        state={table}
        tooltip={(line) => (isHeading(line) ? line.heading : [line.name, line.unreadable].filter(Boolean).join('\n'))}
        heading={(line) => isHeading(line) && <HeadingText {...line} />}
        onSelect={(line) => !isHeading(line) && select(line, 'table')}
        menuContext={(line) => tensorMenu(isHeading(line) ? undefined : line.name)}
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
