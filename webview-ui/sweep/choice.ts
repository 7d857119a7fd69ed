// A labelled list of choices that keeps its element when the choices stay the same.
import { h, replaceChildren } from '../shared/dom.ts'

export interface Option {
  readonly value: string
  readonly text: string
}

export interface Choice {
  readonly element: HTMLElement
  update(options: readonly Option[], chosen: string): void
}

export function createChoice(label: string, title: string, changed: (value: string) => void): Choice {
  const select = h('select', { 'aria-label': title })
  select.addEventListener('change', () => changed(select.value))
  let shown = ''
  return {
    element: h('label', { class: 'choice', title }, label, select),
    update(options, chosen) {
      const now = JSON.stringify(options)
      if (now !== shown) replaceChildren(select, ...options.map(({ value, text }) => h('option', { value }, text)))
      shown = now
      select.value = chosen
      select.disabled = options.length < 2
    },
  }
}

export function createSwitch(text: string, title: string, changed: (on: boolean) => void) {
  const element = h('button', { type: 'button', class: 'toggle', title, 'aria-pressed': 'false' }, text)
  element.addEventListener('click', () => {
    const on = element.getAttribute('aria-pressed') !== 'true'
    element.setAttribute('aria-pressed', String(on))
    changed(on)
  })
  return { element, set: (on: boolean) => element.setAttribute('aria-pressed', String(on)) }
}
