// The choice of the map's colours, from what is known; and the button to know more.
import type { AnalysisUpdate } from '../../src/shared/protocol/inspect.ts'
import { announce } from '../shared/announce.ts'
import { h, replaceChildren } from '../shared/dom.ts'
import type { Measure } from './measures.ts'

export interface ColourBy {
  readonly element: HTMLElement
  /** Names everything there is; the choice stays where it is among them. */
  show(measures: readonly Measure[], current: Measure): void
  /** null: nothing is being measured. */
  measuring(update: Pick<AnalysisUpdate, 'done' | 'total'> | null): void
  /** A sentence: why it stopped. */
  failed(message: string): void
  trusted(trusted: boolean): void
}

export interface ColourByActions {
  choose: (id: string) => void
  analyse: () => void
  cancel: () => void
}

export function createColourBy(actions: ColourByActions): ColourBy {
  const select = h('select', { 'aria-label': 'Colour by' })
  select.addEventListener('change', () => actions.choose(select.value))
  const bar = h('progress', { max: 1, value: 0, 'aria-label': 'Measuring', hidden: true })
  const text = h('span', { class: 'muted', role: 'status' })
  const start = h('button', { type: 'button', class: 'secondary', onclick: actions.analyse }, 'Analyse…')
  const why = 'Runs text through the model to measure its inputs, and what pruning each matrix would cost'
  const stop = h('button', { type: 'button', class: 'secondary', onclick: actions.cancel, hidden: true }, 'Stop')
  const element = h(
    'div',
    { class: 'row colourBy' },
    h('label', {}, 'Colour by ', select),
    h('span', { class: 'row' }, bar, text, stop, start),
  )
  let shown = ''
  return {
    element,
    show(measures, current) {
      const key = measures.map(({ id }) => id).join()
      if (key !== shown) {
        shown = key
        const groups = [...new Set(measures.map(({ group }) => group))]
        replaceChildren(
          select,
          ...groups.map((group) =>
            h(
              'optgroup',
              { label: group },
              ...measures.filter((m) => m.group === group).map(({ id, title }) => h('option', { value: id }, title)),
            ),
          ),
        )
      }
      select.value = current.id
    },
    measuring(update) {
      bar.hidden = update === null
      stop.hidden = update === null
      start.hidden = update !== null
      if (update) {
        bar.value = update.total > 0 ? update.done / update.total : 0
        text.textContent = `${Math.round(100 * bar.value)} %`
        return
      }
      text.textContent = ''
    },
    failed(message) {
      text.textContent = message
      announce(message)
    },
    trusted(trusted) {
      start.disabled = !trusted
      start.title = trusted ? why : 'An analysis runs the model, so it needs a trusted workspace.'
    },
  }
}
