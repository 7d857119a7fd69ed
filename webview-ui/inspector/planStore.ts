// The plan of the recipe beside, as the map shows it, and the changes of it. The host has the recipe: what is drawn here stays a draft
// until its answer comes.
import { computed, signal } from '@preact/signals'
import type { MeasurableMethod, PlanChange, PlannedMap } from '../../src/shared/analysis/plannedMap.ts'
import { announce } from '../shared/announce.ts'
import { host } from './host.ts'
import { withDraft, type Draft } from './plan.ts'
import { known } from './store.ts'

export type Surface = 'cost' | 'planned' | 'difference'
/** What the planned sparsity is held against. */
export type Against = 'now' | 'uniform'

/** This long after the last key a bar counts as settled, milliseconds. */
export const restMs = 350

/** As the host told it; null: no recipe of this model is open. */
const told = signal<PlannedMap | null>(null)
const draft = signal<Draft | null>(null)
/** Drafts before it that the host has been told and has not answered. */
const sent = signal<readonly Draft[]>([])
/** The draft has not been told to the host yet: no answer ends it. */
let isOpen = false
let timer: ReturnType<typeof setTimeout> | undefined
export const plan = computed(() => {
  if (!told.value) return null
  const facts = { locked: locked.value, measured: known.value.analysis }
  return [...sent.value, draft.value].reduce<PlannedMap>(
    (shown, one) => (one ? withDraft(shown, one, facts) : shown),
    told.value,
  )
})
/** The mean that the slider stands at, whatever of it can be met; null: it is the plan's. */
export const drawnMean = computed(() => (draft.value?.kind === 'spread' ? draft.value.mean : null))
/** The strip's figures are of another plan than the bars. */
export const isDraft = computed(() => draft.value !== null)
/** Module names that keep what they have. */
export const locked = signal<ReadonlySet<string>>(new Set())
export const measurable = signal<readonly MeasurableMethod[]>([])
/** What the host said of the last change. */
export const said = signal('')

export const chosenSurface = signal<Surface>('cost')
export const surface = computed<Surface>(() => (plan.value && !plan.value.problem ? chosenSurface.value : 'cost'))
export const against = signal<Against | null>(null)

/** A person asked for a plan: when it is there, it is shown. */
let begun = false

export function beginPlan(): void {
  begun = true
  said.value = ''
  host.post({ type: 'planBegin' })
}

export function takePlan(next: PlannedMap | null): void {
  told.value = next
  sent.value = []
  if (!isOpen) draft.value = null
  said.value = ''
  if (!next || !begun) return
  begun = false
  chosenSurface.value = 'planned'
}

export function takeAnswer(sentence: string): void {
  sent.value = []
  draft.value = null
  said.value = sentence
  announce(sentence)
}

/** Another checkpoint is shown. */
export function forgetPlan(): void {
  takePlan(null)
  locked.value = new Set()
  measurable.value = []
}

const subjectOf = (of: Draft) => (of.kind === 'spread' ? 'all' : of.names.join())

export function draw(next: Draft): void {
  if (isOpen && draft.value && subjectOf(draft.value) !== subjectOf(next)) send()
  if (!isOpen && draft.value) sent.value = [...sent.value, draft.value]
  isOpen = true
  draft.value = next
}

export function change(next: PlanChange): void {
  said.value = ''
  host.post({ type: 'plan', change: next, locked: [...locked.value] })
}

/** What a bar says in the end, in one step of the editor's undo. */
export function settle(next: Draft): void {
  draw(next)
  send()
}

/** A key is pressed several times on the way to what is wanted. */
export function settleSoon(next: Draft): void {
  draw(next)
  clearTimeout(timer)
  timer = setTimeout(send, restMs)
}

/** Several keys on the way move a bar whose modules differ: their steps add up. */
export function settleStep(next: Draft): void {
  const before = isOpen ? draft.value : null
  const goesOn = before?.kind === 'shift' && next.kind === 'shift' && subjectOf(before) === subjectOf(next)
  settleSoon(goesOn ? { ...next, by: before.by + next.by } : next)
}

/** Tells the host what is drawn. */
export function send(): void {
  clearTimeout(timer)
  if (!isOpen || !draft.value) return
  isOpen = false
  change(draft.value)
}

/** Locks them, or lets them go when all are. */
export function toggleLock(names: readonly string[]): boolean {
  const next = new Set(locked.value)
  const lock = !names.every((name) => next.has(name))
  for (const name of names)
    if (lock) next.add(name)
    else next.delete(name)
  locked.value = next
  return lock
}
