// Below the curve of the mean accuracy: each task at each stage as bars and as a table, and which differences its rows do not
// decide.
import { accuracyBars, accuracyBarsTitle } from '../../src/shared/chart/accuracyBars.ts'
import type { ChartedRun } from '../../src/shared/chart/runCharts.ts'
import { svgFile } from '../../src/shared/chart/shape.ts'
import { formatAccuracy } from '../../src/shared/format/numbers.ts'
import type { Stage } from '../../src/shared/protocol/events.ts'
import type { ExportFile } from '../../src/shared/protocol/view.ts'
import { accuraciesOf } from '../../src/shared/series/accuracies.ts'
import { undecided, type Accuracy } from '../../src/shared/series/meanAccuracy.ts'
import { themeInk } from '../shared/theme.ts'
import { createDataTable } from '../shared/dataTable.ts'
import { h, replaceChildren } from '../shared/dom.ts'
import { saveButtons } from '../shared/saveButtons.ts'
import { elementOf } from '../shared/shapes.ts'

const stages = ['dense', 'pruned', 'recovered'] as const

export function createTaskTable(save: (file: ExportFile) => void) {
  let runs: readonly ChartedRun[] = []
  const table = createDataTable(accuracyBarsTitle)
  const sentences = h('div', { class: 'muted' })
  const picture = h('div', { class: 'taskBars' })
  const figure = () => {
    const bars = accuracyBars(runs)
    return bars && svgFile(bars)
  }
  const tools = h('span', { class: 'chartTools' }, ...saveButtons('accuracy-by-task', figure, save))
  const head = h('div', { class: 'chartHead' }, h('h2', { class: 'chartTitle' }, accuracyBarsTitle), tools)
  const element = h('section', { class: 'card taskTable', hidden: true }, head, picture, table.element, sentences)
  return {
    element,
    /** The run, then those that are laid over it: the table is of the run alone. */
    update(all: readonly ChartedRun[]): void {
      runs = all
      const { stages: means, tasks } = accuraciesOf(all[0].picture.evaluations)
      element.hidden = tasks.length === 0
      const bars = element.hidden ? null : accuracyBars(all, themeInk(), false)
      replaceChildren(picture, bars && elementOf(bars))
      const shown = stages.filter((stage) => tasks.some((task) => task.stages[stage]))
      const row = (name: string, measured: Partial<Record<Stage, Accuracy>>) => {
        return { head: name, cells: shown.map((stage) => textOf(measured[stage])) }
      }
      const rows = tasks.map((task) => row(task.name, task.stages))
      table.update({ heads: ['task', ...shown], rows: tasks.length > 1 ? [...rows, row('mean', means)] : rows })
      replaceChildren(sentences, ...undecided(means).map((sentence) => h('p', {}, sentence)))
    },
  }
}

function textOf(accuracy: Accuracy | undefined): string {
  return accuracy ? formatAccuracy(accuracy.acc, accuracy.stderr) : '–'
}
