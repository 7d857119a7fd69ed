// Result of a finished run: its cost and gain, where it is saved, and what to do with it next.
import { runName } from '../../src/shared/format/runName.ts'
import { undecided } from '../../src/shared/series/meanAccuracy.ts'
import { resultFacts, resultMarkdown, type RunResult } from '../../src/shared/series/runResult.ts'
import { h, replaceChildren } from '../shared/dom.ts'

export interface ResultActions {
  reveal: (what: 'output' | 'report' | 'comparison' | 'tryOut' | 'card') => void
  copy: (text: string) => void
}

export function createResultCard({ reveal, copy }: ResultActions) {
  const facts = h('ul', { class: 'tiles', 'aria-label': 'Result of the run' })
  const notes = h('div', { class: 'muted' })
  const buttons = h('div', { class: 'row' })
  const element = h('section', { class: 'card resultCard', hidden: true }, h('h2', {}, 'Result'), facts, notes, buttons)
  const button = (text: string, act: () => void) =>
    h('button', { type: 'button', class: 'secondary', onclick: act }, text)
  let drawn: RunResult | null = null
  return {
    element,
    /** null: there is none yet. Buttons stay as they are while the result is the same: somebody may be about to press one. */
    update(name: string, result: RunResult | null): void {
      if (result === drawn) return
      drawn = result
      element.hidden = result === null
      if (result === null) return
      const tiles = resultFacts(result).map(([what, value]) =>
        h('li', {}, h('b', {}, value), h('span', { class: 'muted' }, what)),
      )
      replaceChildren(facts, ...tiles)
      const { output } = result
      const saved = output === null ? 'Nothing was saved.' : `Saved to ${output}`
      replaceChildren(notes, ...[saved, ...undecided(result.accuracy)].map((text) => h('p', {}, text)))
      replaceChildren(
        buttons,
        button('Open report', () => reveal('report')),
        output !== null && button('Compare…', () => reveal('comparison')),
        output !== null && button('Try it', () => reveal('tryOut')),
        output !== null && button('Open output', () => reveal('output')),
        output !== null && button('Write model card', () => reveal('card')),
        button('Copy as Markdown', () => copy(resultMarkdown(runName(name).name, result))),
      )
    },
  }
}
