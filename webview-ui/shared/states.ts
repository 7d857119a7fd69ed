// Message of a view that has nothing to show yet: why, since when, and what can be done.
import type { FromAnyView, ToAnyView } from '../../src/shared/protocol/view.ts'
import { h, replaceChildren } from './dom.ts'

/** Fills the view with what the host says instead of data. */
export function showState(
  root: HTMLElement,
  message: Extract<ToAnyView, { type: 'loading' | 'failed' }>,
  host: { post(message: Extract<FromAnyView, { type: 'retry' }>): void },
): void {
  const retry = () => host.post({ type: 'retry' })
  replaceChildren(root, message.type === 'loading' ? loadingState(message.what) : failedState(message.message, retry))
}

function loadingState(what: string): HTMLElement {
  const clock = h('span', { class: 'muted' })
  const started = Date.now()
  const element = h('div', { class: 'state', role: 'status' }, h('p', {}, what), h('progress', {}), clock)
  const tick = setInterval(() => {
    if (!element.isConnected) clearInterval(tick)
    else clock.textContent = `${Math.round((Date.now() - started) / 1000)} s`
  }, 1000)
  return element
}

function failedState(message: string, retry: () => void): HTMLElement {
  const button = h('button', { type: 'button', onclick: retry }, 'Try again')
  return h('div', { class: 'state problem', role: 'alert' }, h('p', {}, message), button)
}

export function emptyState(message: string): HTMLElement {
  return h('div', { class: 'state' }, h('p', {}, message))
}
