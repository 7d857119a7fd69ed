// The colour scale with its ends, and what a hatched cell means.
import { h, replaceChildren } from './dom.ts'

export interface Legend {
  element: HTMLElement
  update(colour: (value: number) => string): void
}

export function createLegend(title: string, low: string, high: string, notComputed: string | null): Legend {
  const bar = h('span', { class: 'legendBar', 'aria-hidden': 'true' })
  const element = h('div', { class: 'legend' })
  replaceChildren(
    element,
    h('span', { class: 'legendTitle' }, title),
    h('span', {}, low),
    bar,
    h('span', {}, high),
    notComputed !== null && h('span', { class: 'legendHatch', 'aria-hidden': 'true' }),
    notComputed,
  )
  return {
    element,
    update(colour) {
      const stops = Array.from({ length: 9 }, (_, i) => colour(i / 8))
      bar.style.backgroundImage = `linear-gradient(to right, ${stops.join(', ')})`
    },
  }
}
