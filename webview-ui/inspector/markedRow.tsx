// What is marked on the map, and its planned sparsity, which is changed as that of a row is.
import { moduleOfWeight } from '../../src/shared/families/parameters.ts'
import { formatCompact } from '../../src/shared/format/numbers.ts'
import { plural } from '../../src/shared/format/plural.ts'
import { Button } from '../shared/button.tsx'
import { groupOf, untrusted } from './plan.ts'
import { PlanBar } from './planBar.tsx'
import { locked, plan, said, settle } from './planStore.ts'
import { marked } from './store.ts'

export function MarkedRow() {
  const tensors = marked.value
  const names = new Set(tensors.map(({ name }) => moduleOfWeight(name)))
  const modules = (plan.value?.modules ?? []).filter(({ name }) => names.has(name))
  const weights = tensors.reduce((sum, { parameters }) => sum + parameters, 0)
  const what = plural(tensors.length, 'matrix', 'matrices')
  const group = groupOf(modules, locked.value)
  return (
    <div class="row marked" role="group" aria-label="Marked matrices">
      <span class="muted">
        {[
          tensors.length > 0 && `${what} marked, ${formatCompact(weights)} weights`,
          tensors.length < 2 && 'drag, hold Shift, or click the name of a block or module to mark several',
        ]
          .filter(Boolean)
          .join('; ')}
      </span>
      {modules.length > 0 && (
        <>
          <PlanBar label={`${what} marked`} modules={modules} grows="right" />
          <Button
            act={() => settle({ kind: 'set', names: [...group.leave], sparsity: null })}
            disabled={group.leave.length === 0}
            title="These keep all of their weights"
            untrusted={untrusted}
          >
            Leave alone
          </Button>
        </>
      )}
      <span class="muted" role="status">
        {said.value}
      </span>
    </div>
  )
}
