// Below the curve of the mean accuracy: each task at each stage as bars and as a table, and which differences its rows do not
// decide.
import { accuracyBarsTitle } from '../../src/shared/chart/accuracyBars.ts'
import type { ChartedRun } from '../../src/shared/chart/runCharts.ts'
import { formatAccuracy } from '../../src/shared/format/numbers.ts'
import type { Stage } from '../../src/shared/series/events.ts'
import type { ExportFile } from '../../src/shared/protocol/view.ts'
import { accuraciesOf } from '../../src/shared/series/accuracies.ts'
import { undecided, type Accuracy } from '../../src/shared/series/meanAccuracy.ts'
import { createAccuracyPicture } from '../shared/accuracyPicture.ts'
import { createDataTable } from '../shared/dataTable.ts'
import { h, replaceChildren } from '../shared/dom.ts'

const stages = ['dense', 'pruned', 'recovered'] as const

export function createTaskTable(save: (file: ExportFile) => void) {
  const table = createDataTable(accuracyBarsTitle)
  const sentences = h('div', { class: 'muted' })
  const picture = createAccuracyPicture(save)
  const tools = h('span', { class: 'chartTools' }, ...picture.buttons)
  const head = h('div', { class: 'chartHead' }, h('h2', { class: 'chartTitle' }, accuracyBarsTitle), tools)
  const element = h(
    'section',
    { class: 'card taskTable', hidden: true },
    head,
    picture.element,
    table.element,
    sentences,
  )
  return {
    element,
    /** The run, then those that are laid over it: the table is of the run alone. */
    update(all: readonly ChartedRun[]): void {
      const { stages: means, tasks } = accuraciesOf(all[0].picture.evaluations)
      element.hidden = tasks.length === 0
      picture.update(element.hidden ? [] : all)
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
