// Form for prompts: one, or one per line; with those that are kept with the workspace.
import { largestPrompt, mostNewTokens, mostPrompts } from '../../src/shared/protocol/tryOut.ts'
import type { PromptSet } from '../../src/shared/protocol/view.ts'
import { h, replaceChildren } from '../shared/dom.ts'

export interface Written {
  text: string
  lines: boolean
  maxTokens: number
}

export interface PromptActions {
  generate: (prompts: string[], maxTokens: number) => void
  stop: () => void
  save: (set: Omit<PromptSet, 'name'>) => void
  remove: (name: string) => void
  changed: (written: Written) => void
}

/** Why this cannot be asked; '' when it can. */
function problemOf(prompts: readonly string[], maxTokens: number): string {
  if (prompts.length === 0) return 'Write a prompt first.'
  if (prompts.length > mostPrompts) return `At most ${mostPrompts} prompts at a time; these are ${prompts.length}.`
  const fits = Number.isInteger(maxTokens) && maxTokens >= 1 && maxTokens <= mostNewTokens
  return fits ? '' : `New tokens: a whole number from 1 to ${mostNewTokens}.`
}

export function createPromptForm(start: Written, actions: PromptActions) {
  const box = h('textarea', { id: 'prompt', rows: 3, maxlength: largestPrompt, spellcheck: false })
  box.value = start.text
  const lines = h('input', { type: 'checkbox', id: 'lines' })
  lines.checked = start.lines
  const count = h('input', { type: 'number', id: 'tokens', min: 1, max: mostNewTokens, value: start.maxTokens })
  const generate = h('button', { type: 'submit' }, 'Generate')
  const stop = h('button', { type: 'button', class: 'secondary', hidden: true, onclick: actions.stop }, 'Stop')
  const kept = h('select', { 'aria-label': 'Kept prompts' })
  const save = h('button', { type: 'button', class: 'secondary' }, 'Keep…')
  const remove = h('button', { type: 'button', class: 'secondary', hidden: true }, 'Delete')
  const why = h('p', { class: 'problem', role: 'alert', hidden: true })
  let sets: readonly PromptSet[] = []
  const written = (): Written => ({ text: box.value, lines: lines.checked, maxTokens: Number(count.value) })
  const prompts = () => {
    const { text, lines: each } = written()
    return (each ? text.split('\n') : [text]).filter((prompt) => prompt.trim() !== '')
  }
  const refuse = (text: string) => {
    why.textContent = text
    why.hidden = text === ''
  }
  const submit = (event: Event) => {
    event.preventDefault()
    const { maxTokens } = written()
    const asked = prompts()
    const wrong = problemOf(asked, maxTokens)
    refuse(wrong)
    if (wrong === '') actions.generate(asked, maxTokens)
  }
  const changed = () => actions.changed(written())
  for (const control of [box, lines, count]) control.addEventListener('input', changed)
  box.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !generate.disabled) submit(event)
  })
  kept.addEventListener('change', () => {
    const set = sets.find(({ name }) => name === kept.value)
    remove.hidden = !set
    if (!set) return
    box.value = set.text
    lines.checked = set.lines
    changed()
  })
  save.addEventListener('click', () => actions.save({ text: box.value, lines: lines.checked }))
  remove.addEventListener('click', () => kept.value !== '' && actions.remove(kept.value))
  const element = h(
    'form',
    { class: 'promptForm', onsubmit: submit },
    h('label', { for: 'prompt' }, 'Prompt'),
    box,
    why,
    h(
      'div',
      { class: 'row' },
      generate,
      stop,
      h('label', { for: 'tokens' }, 'New tokens'),
      count,
      h('label', { class: 'row' }, lines, 'One prompt per line'),
      h('span', { class: 'row kept' }, kept, save, remove),
    ),
  )
  return {
    element,
    /** `ready`: there are checkpoints, and running is allowed; else why not. */
    state({ busy, reason }: { busy: boolean; reason: string | null }): void {
      generate.disabled = reason !== null || busy
      generate.title = reason ?? 'Ctrl+Enter'
      stop.hidden = !busy
    },
    sets(next: readonly PromptSet[]): void {
      const chosen = kept.value
      sets = next
      const first = h('option', { value: '' }, next.length > 0 ? 'Kept prompts…' : 'No prompts kept')
      replaceChildren(kept, first, ...next.map(({ name }) => h('option', { value: name }, name)))
      kept.value = next.some(({ name }) => name === chosen) ? chosen : ''
      kept.disabled = next.length === 0
      remove.hidden = kept.value === ''
    },
  }
}
