// Accuracies by task as bars with standard errors, in the theme's colours; its buttons save it on paper.
import { accuracyBars, type MeasuredRun } from '../../src/shared/chart/accuracyBars.ts'
import { svgFile } from '../../src/shared/chart/shape.ts'
import type { ExportFile } from '../../src/shared/protocol/view.ts'
import { h, replaceChildren } from './dom.ts'
import { saveButtons } from './saveButtons.ts'
import { elementOf } from './shapes.ts'
import { themeInk } from './theme.ts'

export function createAccuracyPicture(save: (file: ExportFile) => void) {
  let shown: readonly MeasuredRun[] = []
  const figure = () => {
    const bars = accuracyBars(shown)
    return bars && svgFile(bars)
  }
  const element = h('div', { class: 'accuracyBars' })
  return {
    element,
    buttons: saveButtons('accuracy-by-task', figure, save),
    /** False where no task was measured: there is nothing to see. */
    update(runs: readonly MeasuredRun[]): boolean {
      shown = runs
      const bars = accuracyBars(runs, themeInk(), false)
      replaceChildren(element, bars && elementOf(bars))
      return bars !== null
    },
  }
}
