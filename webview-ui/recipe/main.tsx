// The form of a recipe: three decisions, details with defaults, and a button that runs it.
import '../shared/base.css'
import './recipe.css'
import { effect } from '@preact/signals'
import type { BrowsedFor, FromRecipe, ToRecipe } from '../../src/protocol/view.ts'
import { formatBytes, formatCompact, formatShare } from '../../src/formatting/numbers.ts'
import { Button } from '../shared/button.tsx'
import { connectHost } from '../shared/host.ts'
import { openPage } from '../shared/page.tsx'
import { settings } from '../shared/settings.ts'
import { Choices } from './choices.tsx'
import { Details } from './details.tsx'
import { canRun, forgetPlans, isPlanned, keepPlan, plan, summary, text, wanted } from './outcome.ts'
import { begin, browsed, form, start, toWrite, written, type Form } from './store.ts'

const host = connectHost<ToRecipe, FromRecipe>()

effect(() => {
  if (start.value) host.save({ weights: start.value.weights, kind: start.value.kind, form: form.value })
})
effect(() => {
  if (toWrite.value.length > 0) host.post({ type: 'write', all: [...toWrite.value] })
})
let asked: ReturnType<typeof setTimeout> | undefined
effect(() => {
  const texts = wanted.value
  clearTimeout(asked)
  // Waits for a pause in typing before it requests a plan.
  asked = setTimeout(() => {
    for (const one of texts) if (!isPlanned(one)) host.post({ type: 'plan', text: one })
  }, 200)
})

function RecipePage() {
  const known = start.value
  if (!known || !form.value) return null
  const { kind, label, parameters, sparsity } = known
  const disk = plan.value ? `, ${formatBytes(plan.value.estimates.diskBytes)}` : ''
  const facts = [
    `${formatCompact(parameters)} parameters`,
    ...(sparsity !== null && sparsity > 0.01 ? [`already ${formatShare(sparsity, 0)} exact zeros`] : []),
    ...(written.value ? [`writes ${written.value.saveTo}${disk}`] : []),
  ]
  const browse = (use: BrowsedFor) => host.post({ type: 'browse', use })
  return (
    <form class="recipe" onSubmit={(event) => event.preventDefault()}>
      <h1>{kind === 'prune' ? `Prune ${label}` : `Recover ${label}`}</h1>
      <p class="muted">{facts.join(' · ')}</p>
      <Choices browse={browse} />
      <Details browse={browse} />
      <Actions />
    </form>
  )
}

function Actions() {
  const { trusted } = settings.value
  const create = (run: boolean) => {
    const [choices] = toWrite.value
    host.post({ type: 'create', choices, run })
  }
  return (
    <div class="actions row">
      <Button primary disabled={!canRun.value || !trusted} act={() => create(true)}>
        Create and run
      </Button>
      <Button disabled={text.value === '' || !trusted} act={() => create(false)}>
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
    switch (message.type) {
      case 'written':
        written.value = message
        return
      case 'planned':
        return keepPlan(message)
      case 'browsed':
        return browsed(message)
      case 'start': {
        const kept = host.load() as { weights?: string; kind?: string; form?: Form }
        const isSame = kept.weights === message.weights && kept.kind === message.kind
        forgetPlans()
        begin(message, isSame ? (kept.form ?? null) : null)
      }
    }
  },
  opens: ['start'],
  Page: RecipePage,
})
