// State of the page of models side by side, and the texts that the columns have generated so far.
import { computed, signal } from '@preact/signals'
import {
  largestPrompt,
  mostNewTokens,
  mostPrompts,
  type TriedToken,
  type TryProgress,
  type Turn,
} from '../../src/protocol/tryOut.ts'
import type { ToTry, TriedModel } from '../../src/protocol/view.ts'
import { announce } from '../shared/announce.ts'
import type { PageMessage } from '../shared/page.tsx'
import { settings } from '../shared/settings.ts'
import { markdownTable } from '../../src/formatting/tables.ts'
import { firstDifference } from '../../src/runs/series/samples.ts'

export interface Text {
  readonly tokens: readonly TriedToken[]
  /** Bytes of an incomplete character at the end of a text. */
  readonly rest: string
  /** Log-probability of each token under the first column's model; null: its tokenizer differs; undefined: not computed yet. */
  readonly judged: readonly number[] | null | undefined
  /** Seconds it took; null while it is being written. */
  readonly seconds: number | null
}

export interface Written {
  readonly prompts: readonly string[]
  /** Earlier turns of the conversation; null: a single prompt. */
  readonly turns: readonly Turn[] | null
  /** By column, then by prompt. */
  readonly texts: readonly (readonly Text[])[]
  /** Per column, whether its weights are being read, or why it cannot be used. */
  readonly opening: readonly boolean[]
  readonly failed: readonly (string | null)[]
}

export function emptyWritten(
  columns: number,
  prompts: readonly string[],
  turns: readonly Turn[] | null = null,
): Written {
  const each = <T>(of: T) => Array.from({ length: columns }, () => of)
  const texts = each(prompts.map((): Text => ({ tokens: [], rest: '', judged: undefined, seconds: null })))
  return { prompts, turns, texts, opening: each(false), failed: each(null) }
}

/** Unchanged texts stay the same objects; unknown columns and prompts are ignored. */
export function fold(written: Written, progress: TryProgress): Written {
  const { column } = progress
  if (column >= written.texts.length) return written
  const opening = written.opening.with(column, progress.type === 'opening')
  if (progress.type === 'opening') return { ...written, opening }
  if (progress.type === 'failed') return { ...written, opening, failed: written.failed.with(column, progress.message) }
  const text = written.texts[column].at(progress.prompt)
  if (!text) return written
  const own = written.texts[column].with(progress.prompt, { ...text, ...change(text, progress) })
  return { ...written, opening, texts: written.texts.with(column, own) }
}

function change(text: Text, progress: Exclude<TryProgress, { type: 'opening' | 'failed' }>): Partial<Text> {
  switch (progress.type) {
    case 'token':
      return { tokens: [...text.tokens, progress.token] }
    case 'judged':
      return { judged: progress.logProbabilities }
    case 'end':
      return { seconds: progress.seconds, rest: progress.rest }
  }
}

/** Index of the first token that differs from the first column; null: none so far. */
export function differsAt(first: Text, own: Text): number | null {
  const at = firstDifference(
    first.tokens.map(({ id }) => id),
    own.tokens.map(({ id }) => id),
  )
  const shorter = Math.min(first.tokens.length, own.tokens.length)
  // The end of a text that is still being generated is no difference.
  return at === shorter && (first.seconds === null || own.seconds === null) ? null : at
}

export function textOf({ tokens, rest }: Text): string {
  return tokens.map(({ piece }) => piece).join('') + rest
}

/** Probabilities below which a token counts as one level more surprising. */
const bounds = [0.1, 0.01, 0.001]

/** 0: expected; 3: very unlikely. */
export function surprise(logProbability: number): number {
  const probability = Math.exp(logProbability)
  const level = bounds.findIndex((bound) => probability >= bound)
  return level < 0 ? bounds.length : level
}

export const surpriseWords = ['10 % or more', '1 to 10 %', '0.1 to 1 %', 'under 0.1 %']

/** A Markdown table with one row per prompt and one column per checkpoint. */
export function writtenMarkdown(heads: readonly string[], { prompts, turns, texts }: Written): string {
  const earlier = (turns ?? []).map(({ prompt, answers }) => [prompt, ...answers])
  const rows = prompts.map((prompt, p) => [prompt, ...texts.map((column) => textOf(column[p]))])
  return `${markdownTable(['prompt', ...heads], [...earlier, ...rows])}\n`
}

/** The content of the form. */
export interface Prompted {
  readonly text: string
  /** Whether each line is a prompt. */
  readonly lines: boolean
  /** Whether the prompt is a message of a conversation, if all columns have a chat template. */
  readonly chat: boolean
  readonly maxTokens: number
}

export const columns = signal<Extract<ToTry, { type: 'columns' }>>({ type: 'columns', columns: [], note: null })
export const names = computed(() => columns.value.columns.map(nameOf))
export const prompted = signal<Prompted>({ text: '', lines: false, chat: true, maxTokens: 40 })
export const written = signal<Written | null>(null)
export const busy = signal(false)
/** Whether all columns have a chat template. */
export const canChat = signal(false)
export const isChat = computed(() => canChat.value && prompted.value.chat && !prompted.value.lines)
const ended = signal<Extract<ToTry, { type: 'ended' }> | null>(null)

function nameOf({ role, label }: TriedModel): string {
  return role === '' ? label : `${role}: ${label}`
}

/** Why the models cannot generate; null: they can. */
export const hindrance = computed(() => {
  if (!settings.value.trusted) return 'Generating text needs a trusted workspace.'
  return names.value.length === 0 ? 'Add a checkpoint to begin.' : null
})
export const status = computed(() => {
  if (hindrance.value !== null) return hindrance.value
  if (busy.value) return 'Writing…'
  if (!ended.value)
    return `Each checkpoint ${isChat.value ? 'answers the message' : 'continues the prompt'} by greedy decoding.`
  const { status: how, device } = ended.value
  return how === 'done' ? `Generated with ${device ?? 'this machine'}.` : how === 'stopped' ? 'Stopped.' : ''
})
/** Why generating failed as a whole; null: it did not. */
export const failure = computed(() => ended.value?.message ?? null)

export const prompts = computed(() => {
  const { text, lines } = prompted.value
  return (lines ? text.split('\n') : [text]).filter((prompt) => prompt.trim() !== '')
})
/** The conversation that the next message continues; undefined: the prompt is plain text. */
export function nextTurns(): Turn[] | undefined {
  if (!isChat.value) return undefined
  const now = written.value
  if (!now?.turns) return []
  return [...now.turns, { prompt: now.prompts[0], answers: now.texts.map(([text]) => textOf(text)) }]
}

/** Why the prompt is not valid; null: it is. */
export function problemOf(): string | null {
  const { text, maxTokens } = prompted.value
  const asked = prompts.value.length
  if (asked === 0) return 'Write a prompt first.'
  if (asked > mostPrompts) return `At most ${mostPrompts} prompts at a time; there are ${asked}.`
  if (text.length > largestPrompt) return `At most ${largestPrompt} characters; there are ${text.length}.`
  const fits = Number.isInteger(maxTokens) && maxTokens >= 1 && maxTokens <= mostNewTokens
  return fits ? null : `New tokens: a whole number from 1 to ${mostNewTokens}.`
}

export function receive(message: PageMessage<ToTry>): void {
  switch (message.type) {
    case 'columns':
      columns.value = message
      return begin(null)
    case 'chat':
      return void (canChat.value = message.possible)
    case 'begun':
      return begin(emptyWritten(names.value.length, message.prompts, message.turns))
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

/** Announces the texts of a single prompt; several would be too long. */
function spokenTexts(): string[] {
  const now = written.value
  return now?.prompts.length === 1 ? names.value.map((name, i) => `${name}: ${textOf(now.texts[i][0])}`) : []
}
