// How right both checkpoints are: the zero-shot tasks that their runs measured, as bars with standard errors.
import { accuracyBars, accuracyBarsTitle, type MeasuredRun } from '../../src/shared/chart/accuracyBars.ts'
import { svgFile } from '../../src/shared/chart/shape.ts'
import type { ExportFile } from '../../src/shared/protocol/view.ts'
import { h, replaceChildren } from '../shared/dom.ts'
import { saveButtons } from '../shared/saveButtons.ts'
import { elementOf } from '../shared/shapes.ts'
import { themeInk } from '../shared/theme.ts'

export function createAccuracyCard(save: (file: ExportFile) => void) {
  let runs: readonly MeasuredRun[] = []
  const whose = h('p', { class: 'muted' })
  const picture = h('div', { class: 'accuracyBars' })
  const figure = () => {
    const bars = accuracyBars(runs)
    return bars && svgFile(bars)
  }
  const buttons = h('div', { class: 'row' }, ...saveButtons('accuracy-by-task', figure, save))
  const head = h('div', { class: 'head' }, h('h2', {}, accuracyBarsTitle), buttons)
  const element = h('section', { class: 'card', hidden: true, 'aria-label': accuracyBarsTitle }, head, whose, picture)
  const redraw = () => {
    const bars = accuracyBars(runs, themeInk(), false)
    element.hidden = bars === null
    whose.textContent = runs.length === 1 ? `Measured by the run that made ${runs[0].label}` : ''
    replaceChildren(picture, bars && elementOf(bars))
  }
  return {
    element,
    redraw,
    /** Not to be seen where neither has measured a task. */
    update(all: readonly MeasuredRun[]): void {
      runs = all
      redraw()
    },
  }
}
