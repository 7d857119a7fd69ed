// What the mask cut off of each adapter that the run merged, by kind of matrix.
import { cutText, mergedHeads, mergedRows, mergedTitle, recoveryName } from '../../src/runs/series/recoveries.ts'
import { DataTableView } from '../shared/figure.tsx'
import { picture } from './store.ts'

export function MergedAdapters() {
  const { merges } = picture.value
  return (
    <>
      {[...merges].map(([recovery, updates]) => {
        const modules = Object.fromEntries(updates)
        const title = recovery > 0 ? `${mergedTitle}: ${recoveryName(recovery, 'merge')}` : mergedTitle
        const rows = mergedRows(modules).map(([head, ...cells]) => ({ head, cells }))
        return (
          <section class="card taskTable" key={recovery}>
            <h2>{title}</h2>
            <p>{cutText(modules)}</p>
            <DataTableView label={title} table={{ heads: mergedHeads, rows }} />
          </section>
        )
      })}
    </>
  )
}
