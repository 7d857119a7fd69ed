// What a view shows when there is nothing to show yet: why, since when, and what can be done.
import { h } from './dom.ts'

export function loadingState(what: string): HTMLElement {
  const clock = h('span', { class: 'muted' })
  const started = Date.now()
  const element = h('div', { class: 'state', role: 'status' }, h('p', {}, what), h('progress', {}), clock)
  const tick = setInterval(() => {
    if (!element.isConnected) clearInterval(tick)
    else clock.textContent = `${Math.round((Date.now() - started) / 1000)} s`
  }, 1000)
  return element
}

export function failedState(message: string, retry: () => void): HTMLElement {
  const button = h('button', { type: 'button', onclick: retry }, 'Try again')
  return h('div', { class: 'state problem', role: 'alert' }, h('p', {}, message), button)
}

export function emptyState(message: string): HTMLElement {
  return h('div', { class: 'state' }, h('p', {}, message))
}
