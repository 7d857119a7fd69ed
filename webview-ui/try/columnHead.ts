// The head of a column: which checkpoint it is, how far it is, and what can be done with its text.
import { formatValue } from '../../src/shared/format/numbers.ts'
import type { TriedModel } from '../../src/shared/protocol/view.ts'
import { h } from '../shared/dom.ts'
import type { Written } from './written.ts'
import { plural } from '../../src/shared/format/plural.ts'

export function nameOf({ role, label }: TriedModel): string {
  return role === '' ? label : `${role}: ${label}`
}

export interface ColumnHead {
  element: HTMLElement
  update(written: Written | null, busy: boolean): void
}

export function createColumnHead(
  model: TriedModel,
  column: number,
  actions: { copy: () => void; remove: () => void },
): ColumnHead {
  const state = h('span', { class: 'muted' })
  const failure = h('p', { class: 'problem', hidden: true })
  const copy = h('button', { type: 'button', class: 'secondary', onclick: actions.copy }, 'Copy')
  copy.setAttribute('aria-label', `Copy the text of ${nameOf(model)}`)
  const remove = h('button', { type: 'button', class: 'toggle', onclick: actions.remove }, '×')
  remove.setAttribute('aria-label', `Remove ${nameOf(model)}`)
  remove.title = 'Remove this column'
  const title = h('h2', { title: model.path }, nameOf(model))
  const element = h(
    'header',
    {},
    h('div', { class: 'columnHead' }, title, h('span', { class: 'row' }, copy, remove)),
    state,
    failure,
  )
  return {
    element,
    update(written, busy) {
      copy.hidden = !written?.texts[column].some(({ tokens }) => tokens.length > 0)
      const problem = written?.failed[column] ?? null
      failure.hidden = problem === null
      failure.textContent = problem
      state.textContent = written && problem === null ? stateText(written, column, busy) : ''
    },
  }
}

function stateText({ texts, opening }: Written, column: number, busy: boolean): string {
  const own = texts[column]
  const tokens = own.reduce((sum, text) => sum + text.tokens.length, 0)
  if (opening[column] && busy) return tokens === 0 ? 'reading its weights…' : 'judging…'
  const done = own.filter(({ seconds }) => seconds !== null)
  if (done.length < own.length)
    return busy ? (tokens === 0 ? 'waiting…' : `${plural(tokens, 'token')}…`) : `${plural(tokens, 'token')}, stopped`
  const seconds = done.reduce((sum, text) => sum + (text.seconds ?? 0), 0)
  const pace = seconds > 0 ? `, ${formatValue(tokens / seconds)} a second` : ''
  const unjudged = own.some(({ judged }) => judged === null) ? ', not shaded: another tokenizer' : ''
  return `${plural(tokens, 'token')}${pace}${unjudged}`
}
