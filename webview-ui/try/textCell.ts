// A text as its tokens: each can be pointed at or walked to, shaded by how little the first column expected it.
import { printable } from '../../src/shared/format/printable.ts'
import { endOfText } from '../../src/shared/series/samples.ts'
import { h } from '../shared/dom.ts'
import { placeAfter } from '../shared/roving.ts'
import { surprise, type Text } from './written.ts'

export interface TextCell {
  element: HTMLElement
  /** `judged(i)`: log-probability of token i by the first column; undefined where nobody has said. */
  update(text: Text, differs: number | null, judged: (token: number) => number | undefined): void
}

export interface TextCellOptions {
  label: string
  /** A token is pointed at or has the focus; null: none any more. */
  onToken: (token: { index: number; at: HTMLElement; spoken: boolean } | null) => void
}

export function createTextCell({ label, onToken }: TextCellOptions): TextCell {
  const rest = h('span', {})
  const element = h('div', { class: 'text', role: 'listbox', 'aria-label': label, 'aria-orientation': 'horizontal' })
  const spans: HTMLElement[] = []
  const indexOf = (target: EventTarget | null) => spans.indexOf(target as HTMLElement)
  const tell = (event: Event, spoken: boolean) => {
    const index = indexOf(event.target)
    if (index >= 0) onToken({ index, at: spans[index], spoken })
  }
  element.addEventListener('focusin', (event) => {
    const index = indexOf(event.target)
    spans.forEach((span, i) => (span.tabIndex = i === index ? 0 : -1))
    tell(event, true)
  })
  element.addEventListener('focusout', () => onToken(null))
  element.addEventListener('pointerover', (event) => tell(event, false))
  element.addEventListener('pointerout', () => onToken(null))
  element.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') onToken(null)
    const next = placeAfter(event, indexOf(document.activeElement), spans.length)
    if (next === null) return
    event.preventDefault()
    spans[next]?.focus()
  })
  return {
    element,
    update(text, differs, judged) {
      for (let i = spans.length; i < text.tokens.length; i++) {
        const { piece } = text.tokens[i]
        const span = h('span', { class: 'token', role: 'option', tabindex: i === 0 ? 0 : -1 }, printable(piece))
        spans.push(span)
        element.append(span)
      }
      const last = spans.at(-1)
      if (text.seconds !== null && last?.textContent === '') {
        last.textContent = text.rest === '' ? endOfText : printable(text.rest)
        last.classList.add('muted')
      } else if (text.rest !== '' && !rest.isConnected) {
        rest.textContent = printable(text.rest)
        element.append(rest)
      }
      // Half a character shows nothing: its other half is marked.
      const marked = differs === null ? -1 : spans.findIndex((span, i) => i >= differs && span.textContent !== '')
      spans.forEach((span, i) => {
        const logProbability = judged(i)
        if (logProbability !== undefined) span.dataset.surprise = String(surprise(logProbability))
        span.classList.toggle('differs', i === marked)
        span.setAttribute('aria-selected', String(i === marked))
      })
      element.hidden = spans.length === 0
    },
  }
}
