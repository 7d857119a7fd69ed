// Models on the same prompt, side by side: what each says, where it leaves the first, and what the first thinks of it.
import '../shared/base.css'
import './try.css'
import { mostColumns } from '../../src/shared/protocol/tryOut.ts'
import type { FromTry, ToTry, TriedModel } from '../../src/shared/protocol/view.ts'
import { announce } from '../shared/announce.ts'
import { h, onceAFrame, replaceChildren } from '../shared/dom.ts'
import { connectHost } from '../shared/host.ts'
import { showState } from '../shared/states.ts'
import { createBoard } from './board.ts'
import { nameOf } from './columnHead.ts'
import { createPromptForm, type Written as Prompted } from './promptForm.ts'
import { emptyWritten, fold, surpriseWords, textOf, writtenMarkdown, type Written } from './written.ts'

const host = connectHost<ToTry, FromTry>()
const stored = host.load().prompted as Partial<Prompted> | undefined
let models: readonly TriedModel[] = []
let written: Written | null = null
let busy = false
let trusted = true

const form = createPromptForm(
  { text: stored?.text ?? '', lines: stored?.lines ?? false, maxTokens: stored?.maxTokens ?? 40 },
  {
    generate: (prompts, maxTokens) => host.post({ type: 'generate', prompts, maxTokens }),
    stop: () => host.post({ type: 'stop' }),
    save: (set) => host.post({ type: 'saveSet', ...set }),
    remove: (name) => host.post({ type: 'deleteSet', name }),
    changed: (prompted) => host.save({ ...host.load(), prompted }),
  },
)
const board = createBoard({
  copy: (column) => {
    if (!written) return
    host.post({ type: 'copy', text: written.texts[column].map(textOf).join('\n\n') })
    announce('Copied.')
  },
  remove: (column) => host.post({ type: 'removeColumn', column }),
})
const add = h(
  'button',
  { type: 'button', class: 'secondary', onclick: () => host.post({ type: 'addColumn' }) },
  'Add a checkpoint…',
)
const copyAll = h('button', { type: 'button', class: 'secondary', hidden: true }, 'Copy as Markdown')
copyAll.addEventListener('click', () => {
  if (written) host.post({ type: 'copy', text: writtenMarkdown(models.map(nameOf), written) })
  announce('Copied.')
})
const status = h('p', { class: 'muted', 'data-status': '' })
const note = h('p', { class: 'muted', hidden: true })
const problem = h('p', { class: 'problem', role: 'alert', hidden: true })
const key = h('ul', { class: 'surpriseKey', 'aria-label': 'Shades' })
const page = [
  h('div', { class: 'head' }, h('h1', {}, 'Try it'), h('div', { class: 'row' }, copyAll, add)),
  form.element,
  note,
  problem,
  status,
  board.element,
  key,
]
const root = document.body.appendChild(h('main', { class: 'try' }))

const draw = onceAFrame(() => {
  board.update(busy)
  const untrusted = trusted ? null : 'Generating text needs a trusted workspace.'
  form.state({ busy, reason: untrusted ?? (models.length === 0 ? 'Add a checkpoint first.' : null) })
  add.disabled = models.length >= mostColumns
  copyAll.hidden = !written || busy
  key.hidden = !written
  if (!trusted) status.textContent = untrusted
  else if (models.length === 0) status.textContent = 'Add a checkpoint to begin.'
  else if (!written) status.textContent = 'Each checkpoint continues the prompt by greedy decoding.'
})

function showKey(): void {
  const first = models.length > 0 ? nameOf(models[0]) : ''
  const items = surpriseWords.map((words, level) =>
    h('li', {}, h('span', { class: 'token', 'data-surprise': String(level) }, 'token'), ` ${words}`),
  )
  const mark = h('li', {}, h('span', { class: 'token differs' }, 'token'), ' first that differs from it')
  replaceChildren(key, h('li', { class: 'muted' }, `How likely ${first} finds it:`), ...items, mark)
}

function end({ status: how, message, device }: Extract<ToTry, { type: 'ended' }>): void {
  busy = false
  problem.hidden = message === null
  problem.textContent = message
  status.textContent =
    how === 'done' ? `Generated with ${device ?? 'this machine'}.` : how === 'stopped' ? 'Stopped.' : ''
  const single = written?.prompts.length === 1
  const texts =
    written && single ? models.map((model, i) => `${nameOf(model)}: ${written ? textOf(written.texts[i][0]) : ''}`) : []
  announce([how === 'failed' ? (message ?? 'Generation failed.') : status.textContent, ...texts].join('\n'))
}

host.listen((message) => {
  switch (message.type) {
    case 'loading':
    case 'failed':
      return showState(root, message, host)
    case 'columns':
      models = message.columns
      note.hidden = message.note === null
      note.textContent = message.note
      written = null
      busy = false
      problem.hidden = true
      board.columns(models)
      showKey()
      host.save({ ...host.load(), columns: models })
      if (!form.element.isConnected) replaceChildren(root, ...page)
      return draw()
    case 'sets':
      return form.sets(message.sets)
    case 'begun':
      written = emptyWritten(models.length, message.prompts)
      busy = true
      problem.hidden = true
      status.textContent = 'Writing…'
      board.begin(written)
      return draw()
    case 'written':
      for (const progress of message.progress) if (written) fold(written, progress)
      return draw()
    case 'ended':
      end(message)
      return draw()
    case 'settings':
      trusted = message.settings.trusted
      return draw()
  }
})
