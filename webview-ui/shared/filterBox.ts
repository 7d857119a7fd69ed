// A search field with a switch for regular expressions and a count of what is left.
import { h } from './dom.ts'
import { compileFilter, type Filter } from './filter.ts'

export interface FilterBox {
  element: HTMLElement
  value(): Filter
  set(filter: Filter): void
  count(shown: number, of: number): void
  focus(): void
}

export function createFilterBox(label: string, changed: (keep: (name: string) => boolean) => void): FilterBox {
  const input = h('input', { type: 'search', placeholder: 'Filter names', 'aria-label': label, spellcheck: 'false' })
  const toggle = h('button', {
    type: 'button',
    class: 'toggle',
    'aria-pressed': 'false',
    title: 'Use a regular expression',
    'aria-label': 'Use a regular expression',
  })
  toggle.textContent = '.*'
  const count = h('span', { class: 'muted', 'aria-live': 'polite' })
  const problem = h('span', { class: 'problem', role: 'alert' })
  const value = (): Filter => ({ text: input.value, regex: toggle.getAttribute('aria-pressed') === 'true' })
  const apply = () => {
    const compiled = compileFilter(value())
    problem.textContent = compiled.error ?? ''
    input.setAttribute('aria-invalid', String(compiled.error !== null))
    if (compiled.keep) changed(compiled.keep)
  }
  input.addEventListener('input', apply)
  toggle.addEventListener('click', () => {
    toggle.setAttribute('aria-pressed', String(!value().regex))
    apply()
  })
  return {
    element: h('div', { class: 'filter' }, input, toggle, count, problem),
    value,
    set(filter) {
      input.value = filter.text
      toggle.setAttribute('aria-pressed', String(filter.regex))
      apply()
    },
    count: (shown, of) => (count.textContent = shown === of ? `${of}` : `${shown} of ${of}`),
    focus: () => input.focus(),
  }
}
