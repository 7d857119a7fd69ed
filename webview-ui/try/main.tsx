// Models on the same prompt, side by side: their texts, the first difference from the first model, and its probabilities.
import { effect, signal } from '@preact/signals'
import { mostColumns, largestPrompt, mostNewTokens } from '../../src/protocol/tryOut.ts'
import type { FromTry, ToTry } from '../../src/protocol/view.ts'
import { announce } from '../shared/announce.ts'
import { Button } from '../shared/button.tsx'
import { connectHost } from '../shared/host.ts'
import { openPage } from '../shared/page.tsx'
import { Board } from './board.tsx'
import {
  busy,
  canChat,
  columns,
  failure,
  hindrance,
  isChat,
  names,
  nextTurns,
  problemOf,
  prompted,
  type Prompted,
  prompts,
  receive,
  status,
  textOf,
  written,
  writtenMarkdown,
} from './store.ts'
import '../shared/base.css'
import './try.css'

const host = connectHost<ToTry, FromTry>()
prompted.value = { ...prompted.value, ...(host.load().prompted as Partial<Prompted> | undefined) }
effect(() => host.save({ ...host.load(), prompted: prompted.value }))

/** A fact, a story and code, which pruning damages differently. */
const examples = [
  'The capital of France is',
  'Once upon a time, a little girl found a key. She',
  'def factorial(n):',
] as const

/** Examples that begin a conversation. */
const openings = [
  'What is the capital of France?',
  'Tell me a story about a girl who finds a key.',
  'Write a Python function for the factorial of n.',
] as const

const refused = signal<string | null>(null)
const change = (part: Partial<Prompted>) => (prompted.value = { ...prompted.value, ...part })

/** One prompt, or one per line; with examples. */
function PromptForm() {
  const { text, lines, chat, maxTokens } = prompted.value
  const idle = hindrance.value === null && !busy.value
  const generate = (event: Event) => {
    event.preventDefault()
    refused.value = problemOf()
    if (refused.value !== null) return
    const turns = nextTurns()
    host.post({ type: 'generate', prompts: prompts.value, maxTokens, ...(turns && { turns }) })
    if (isChat.value) change({ text: '' })
  }
  const goesOn = isChat.value && written.value?.turns != null
  return (
    <form class="stack promptForm" onSubmit={generate}>
      <label for="prompt">{isChat.value ? 'Message' : 'Prompt'}</label>
      <textarea
        id="prompt"
        rows={3}
        maxLength={largestPrompt}
        spellcheck={false}
        value={text}
        onInput={({ currentTarget }) => change({ text: currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && idle) generate(event)
        }}
      />
      {!goesOn && <Examples />}
      {refused.value !== null && (
        <p class="problem" role="alert">
          {refused}
        </p>
      )}
      <div class="row">
        <button type="submit" disabled={!idle} title={hindrance.value ?? 'Ctrl+Enter'}>
          {isChat.value ? 'Send' : 'Generate'}
        </button>
        {busy.value && <Button act={() => host.post({ type: 'stop' })}>Stop</Button>}
        <label for="tokens">New tokens</label>
        <input
          type="number"
          id="tokens"
          min={1}
          max={mostNewTokens}
          value={maxTokens}
          onInput={({ currentTarget }) => change({ maxTokens: Number(currentTarget.value) })}
        />
        <label class="row">
          <input
            type="checkbox"
            checked={lines}
            onInput={({ currentTarget }) => change({ lines: currentTarget.checked })}
          />
          One prompt per line
        </label>
        {canChat.value && !lines && (
          <label class="row" title="Each message goes through the chat template of the models">
            <input
              type="checkbox"
              checked={chat}
              onInput={({ currentTarget }) => change({ chat: currentTarget.checked })}
            />
            Conversation
          </label>
        )}
        {goesOn && !busy.value && <Button act={() => host.post({ type: 'clear' })}>New conversation</Button>}
      </div>
    </form>
  )
}

/** Shown only while they would not overwrite the user's text. */
function Examples() {
  const { text } = prompted.value
  const offered = isChat.value ? openings : examples
  if (text.trim() !== '' && !offered.some((example) => example === text)) return null
  return (
    <div class="row" role="group" aria-label="Example prompts">
      <span class="muted">For example</span>
      {offered.map((example) => (
        <Button pressed={text === example} act={() => change({ text: example })}>
          {example}
        </Button>
      ))}
    </div>
  )
}

function TryPage() {
  return (
    <div class="try">
      <Head />
      <PromptForm />
      {columns.value.note !== null && <p class="muted">{columns.value.note}</p>}
      {failure.value !== null && (
        <p class="problem" role="alert">
          {failure}
        </p>
      )}
      <p class="muted" data-status>
        {status}
      </p>
      <Board copy={copyColumn} remove={(column) => host.post({ type: 'removeColumn', column })} />
    </div>
  )
}

function Head() {
  const now = written.value
  return (
    <div class="head">
      <h1>Try it</h1>
      <div class="row">
        {now && !busy.value && <Button act={() => copy(writtenMarkdown(names.value, now))}>Copy as Markdown</Button>}
        <Button disabled={names.value.length >= mostColumns} act={() => host.post({ type: 'addColumn' })}>
          Add a checkpoint…
        </Button>
      </div>
    </div>
  )
}

function copyColumn(column: number): void {
  if (written.value) copy(written.value.texts[column].map(textOf).join('\n\n'))
}

function copy(text: string): void {
  host.post({ type: 'copy', text })
  announce('Copied.')
}

openPage(host, {
  receive(message) {
    receive(message)
    if (message.type === 'columns') host.save({ ...host.load(), columns: message.columns })
  },
  opens: ['columns'],
  Page: TryPage,
})
