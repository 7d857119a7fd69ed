// How a checkpoint that a run has made came about: what was done, what came out, the recipe.
import type { Origin } from '../../src/shared/protocol/inspect.ts'
import { h, replaceChildren } from '../shared/dom.ts'

export function createOriginBox(writeCard: () => void) {
  const element = h('div')
  const card = h('button', { type: 'button', class: 'secondary', onclick: writeCard }, 'Write model card')
  let shown: Origin | undefined
  let isTrusted = true
  const allow = () => {
    card.disabled = !isTrusted || shown?.hasCard === true
    card.title = shown?.hasCard ? 'There is a README.md already; it is never overwritten.' : 'README.md for the Hub'
  }
  return {
    element,
    /** undefined of a checkpoint that is none of ours. */
    update(origin: Origin | undefined): void {
      shown = origin
      allow()
      replaceChildren(element, origin && boxOf(origin, card))
    },
    trusted(trusted: boolean): void {
      isTrusted = trusted
      allow()
    },
  }
}

function boxOf({ facts, results, protocol, recipe }: Origin, card: HTMLElement): HTMLElement {
  return h(
    'details',
    // Closed: the map is what people come for.
    { class: 'origin' },
    h('summary', {}, 'Provenance: ', h('span', { class: 'muted' }, inShort(facts))),
    h('dl', { class: 'facts' }, ...facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])),
    results.rows.length > 0 && resultTable(results),
    h('ul', { class: 'muted' }, ...protocol.map((sentence) => h('li', {}, sentence))),
    h('details', {}, h('summary', {}, 'Recipe'), h('pre', { class: 'mono' }, recipe)),
    card,
  )
}

function inShort(facts: Origin['facts']): string {
  return facts
    .slice(0, 3)
    .map(([name, value]) => `${name} ${value}`)
    .join(' · ')
}

function resultTable({ heads, rows }: Origin['results']): HTMLElement {
  const head = h('tr', {}, ...heads.map((text) => h('th', { scope: 'col' }, text)))
  const body = rows.map(([name, ...cells]) =>
    h('tr', {}, h('th', { scope: 'row' }, name), ...cells.map((text) => h('td', {}, text))),
  )
  return h('table', { class: 'dataTable' }, h('thead', {}, head), h('tbody', {}, ...body))
}
