// What is marked on the map, and its copy as a line of a recipe.
import { moduleOfWeight } from '../../src/catalog/families/parameters.ts'
import { formatCompact, plural } from '../../src/formatting/numbers.ts'
import { targetsFor } from '../../src/recipe/targetsFor.ts'
import type { TensorRow } from '../../src/protocol/inspect.ts'
import { announce } from '../shared/announce.ts'
import { Button } from '../shared/button.tsx'
import { host } from './host.ts'
import { marked, model } from './store.ts'

export function MarkedRow() {
  const tensors = marked.value
  const weights = tensors.reduce((sum, { parameters }) => sum + parameters, 0)
  const what = plural(tensors.length, 'matrix', 'matrices')
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
      {tensors.length > 0 && !model.value?.lookOnly && (
        <>
          <CopyAs name="targets" about="An entry under prune with this line prunes these matrices alone" />
          <CopyAs name="ignore" about="An entry under prune with this line leaves these matrices alone" />
        </>
      )}
    </div>
  )
}

function CopyAs({ name, about }: { name: 'targets' | 'ignore'; about: string }) {
  const copy = () => {
    host.post({ type: 'copy', text: recipeLine(name, model.value?.tensors ?? [], marked.value) })
    announce(`Copied as ${name}`)
  }
  return <Button act={copy} look="secondary small" title={about}>{`Copy as ${name}`}</Button>
}

/** `targets: [...]`, YAML on one line, which matches the matrices `some` and no other linear of the blocks. */
function recipeLine(name: string, all: readonly TensorRow[], some: readonly TensorRow[]): string {
  const modules = all.flatMap(({ name: weight, role, block }) =>
    role === 'linear' && block !== null ? [{ name: moduleOfWeight(weight), className: 'Linear', block }] : [],
  )
  const names = some.map(({ name: weight }) => moduleOfWeight(weight))
  return `${name}: [${targetsFor(names, modules)
    .map((target) => JSON.stringify(target))
    .join(', ')}]`
}
