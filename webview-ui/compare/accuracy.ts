// How right both checkpoints are: the zero-shot tasks that their runs measured.
import { accuracyBarsTitle, type MeasuredRun } from '../../src/shared/chart/accuracyBars.ts'
import type { ExportFile } from '../../src/shared/protocol/view.ts'
import { createAccuracyPicture } from '../shared/accuracyPicture.ts'
import { h } from '../shared/dom.ts'

export function createAccuracyCard(save: (file: ExportFile) => void) {
  let shown: readonly MeasuredRun[] = []
  const picture = createAccuracyPicture(save)
  const whose = h('p', { class: 'muted' })
  const head = h(
    'div',
    { class: 'head' },
    h('h2', {}, accuracyBarsTitle),
    h('div', { class: 'row' }, ...picture.buttons),
  )
  const card = { class: 'card', hidden: true, 'aria-label': accuracyBarsTitle }
  const element = h('section', card, head, whose, picture.element)
  /** The card is hidden where neither has measured a task. */
  const update = (runs: readonly MeasuredRun[]) => {
    shown = runs
    element.hidden = !picture.update(runs)
    whose.textContent = runs.length === 1 ? `Measured by the run that made ${runs[0].label}` : ''
  }
  return { element, update, redraw: () => update(shown) }
}
