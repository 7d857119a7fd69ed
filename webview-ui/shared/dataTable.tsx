// A plain table of numbers that stays in step with what it shows: cells that did not change stay the same elements, so that
// a reader, a selection and the place scrolled to stay where they are.
import './chart.css'
import type { DataTable } from '../../src/charts/chartValues.ts'
import { Heads } from './parts.tsx'

/** Names begin at the left, numbers end at the right. */
const named = /^[^\d.+−-]/

export function DataTableView({ label, table }: { label: string; table: DataTable }) {
  const { heads, rows } = table
  const look = rows.some(({ head }) => named.test(head)) ? 'dataTable named' : 'dataTable'
  return (
    <div class="dataTableView" role="region" tabIndex={0} aria-label={`${label}, table`}>
      <table class={look}>
        <Heads of={heads} />
        <tbody>
          {rows.map(({ head, cells }) => (
            <tr>
              <th scope="row">{head}</th>
              {cells.map((text, i) => (
                <td colSpan={i === cells.length - 1 ? heads.length - cells.length : 1}>{text}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
