// What the page of models side by side knows.
import { computed, signal } from '@preact/signals'
import { largestPrompt, mostNewTokens, mostPrompts } from '../../src/protocol/tryOut.ts'
import type { PromptSet, ToTry, TriedModel } from '../../src/protocol/view.ts'
import { announce } from '../shared/announce.ts'
import type { PageMessage } from '../shared/page.tsx'
import { settings } from '../shared/settings.ts'
import { emptyWritten, fold, textOf, type Written } from './written.ts'

/** What stands in the form. */
export interface Prompted {
  readonly text: string
  /** Each line is a prompt. */
  readonly lines: boolean
  readonly maxTokens: number
}

export const columns = signal<Extract<ToTry, { type: 'columns' }>>({ type: 'columns', columns: [], note: null })
export const names = computed(() => columns.value.columns.map(nameOf))
export const sets = signal<readonly PromptSet[]>([])
export const prompted = signal<Prompted>({ text: '', lines: false, maxTokens: 40 })
export const written = signal<Written | null>(null)
export const busy = signal(false)
const ended = signal<Extract<ToTry, { type: 'ended' }> | null>(null)

function nameOf({ role, label }: TriedModel): string {
  return role === '' ? label : `${role}: ${label}`
}

/** Why nothing can be generated; null when it can. */
export const hindrance = computed(() => {
  if (!settings.value.trusted) return 'Generating text needs a trusted workspace.'
  return names.value.length === 0 ? 'Add a checkpoint to begin.' : null
})
export const status = computed(() => {
  if (hindrance.value !== null) return hindrance.value
  if (busy.value) return 'Writing…'
  if (!ended.value) return 'Each checkpoint continues the prompt by greedy decoding.'
  const { status: how, device } = ended.value
  return how === 'done' ? `Generated with ${device ?? 'this machine'}.` : how === 'stopped' ? 'Stopped.' : ''
})
/** Why generating failed as a whole; null: it did not. */
export const failure = computed(() => ended.value?.message ?? null)

export const prompts = computed(() => {
  const { text, lines } = prompted.value
  return (lines ? text.split('\n') : [text]).filter((prompt) => prompt.trim() !== '')
})
/** Why this cannot be asked; null when it can. */
export function problemOf(): string | null {
  const { text, maxTokens } = prompted.value
  const asked = prompts.value.length
  if (asked === 0) return 'Write a prompt first.'
  if (asked > mostPrompts) return `At most ${mostPrompts} prompts at a time; these are ${asked}.`
  if (text.length > largestPrompt) return `At most ${largestPrompt} characters; these are ${text.length}.`
  const fits = Number.isInteger(maxTokens) && maxTokens >= 1 && maxTokens <= mostNewTokens
  return fits ? null : `New tokens: a whole number from 1 to ${mostNewTokens}.`
}

export function receive(message: PageMessage<ToTry>): void {
  switch (message.type) {
    case 'columns':
      columns.value = message
      return begin(null)
    case 'sets':
      return void (sets.value = message.sets)
    case 'begun':
      return begin(emptyWritten(names.value.length, message.prompts))
    case 'written':
      if (written.value) written.value = message.progress.reduce(fold, written.value)
      return
    case 'ended':
      busy.value = false
      ended.value = message
      return announce([failure.value ?? status.value, ...spokenTexts()].join('\n'))
  }
}

function begin(next: Written | null): void {
  written.value = next
  busy.value = next !== null
  ended.value = null
}

/** One prompt's texts are read aloud; many would be too much. */
function spokenTexts(): string[] {
  const now = written.value
  return now?.prompts.length === 1 ? names.value.map((name, i) => `${name}: ${textOf(now.texts[i][0])}`) : []
}
