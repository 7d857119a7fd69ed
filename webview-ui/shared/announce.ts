// One polite live region per view: what changed, in words, for people who hear the view.
import { h } from './dom.ts'

let region: HTMLElement | null = null

export function announce(text: string): void {
  region ??= document.body.appendChild(h('div', { class: 'srOnly', role: 'status', 'aria-live': 'polite' }))
  if (region.textContent !== text) region.textContent = text
}
