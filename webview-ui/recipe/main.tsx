// A recipe from a form: every choice has a default, and what it comes to stands beside it.
import '../shared/base.css'
import './recipe.css'
import { effect } from '@preact/signals'
import type { FromRecipe, ToRecipe } from '../../src/protocol/view.ts'
import { formatCompact, formatShare } from '../../src/formatting/numbers.ts'
import { Button } from '../shared/button.tsx'
import { connectHost } from '../shared/host.ts'
import { openPage } from '../shared/page.tsx'
import { settings } from '../shared/settings.ts'
import { Choices } from './choices.tsx'
import { Outcome } from './outcome.tsx'
import { begin, canRun, form, isComplete, receive, settled, start, summary, text, type Form } from './store.ts'

const host = connectHost<ToRecipe, FromRecipe>()

effect(() => {
  if (start.value) host.save({ weights: start.value.weights, kind: start.value.kind, form: form.value })
})
let asked: ReturnType<typeof setTimeout> | undefined
effect(() => {
  const now = isComplete.value ? text.value : null
  clearTimeout(asked)
  // A pause of typing, so that no plan is begun for every key.
  if (now !== null) asked = setTimeout(() => host.post({ type: 'plan', text: now }), 200)
})

function RecipePage() {
  const known = start.value
  if (!known || !form.value) return null
  const { kind, label, parameters, sparsity } = known
  const zeros =
    sparsity !== null && sparsity > 0.01 ? ` · its matrices are ${formatShare(sparsity, 0)} zeros already` : ''
  return (
    <form class="recipe" onSubmit={(event) => event.preventDefault()}>
      <div>
        <h1>{kind === 'prune' ? `Prune ${label}` : `Recover ${label}`}</h1>
        <p class="muted">
          {formatCompact(parameters)} parameters{zeros}
        </p>
      </div>
      <div class="tiled panes">
        <Choices browse={(use) => host.post({ type: 'browse', use })} />
        <Outcome />
      </div>
      <Actions />
    </form>
  )
}

function Actions() {
  const { trusted } = settings.value
  const create = (run: boolean) => {
    if (settled.value) host.post({ type: 'create', text: text.value, saveTo: settled.value.saveTo, run })
  }
  return (
    <div class="actions row">
      <Button primary disabled={!canRun.value || !trusted} act={() => create(true)}>
        Create and run
      </Button>
      <Button disabled={!isComplete.value} act={() => create(false)}>
        Create recipe
      </Button>
      <span class="muted" aria-live="polite">
        {trusted ? summary.value : 'Running needs a trusted workspace.'}
      </span>
    </div>
  )
}

openPage(host, {
  receive(message) {
    if (message.type !== 'start') return receive(message)
    const kept = host.load() as { weights?: string; kind?: string; form?: Form }
    begin(message, kept.weights === message.weights && kept.kind === message.kind ? (kept.form ?? null) : null)
  },
  opens: ['start'],
  Page: RecipePage,
})
