// Below the curve of the mean accuracy: each task at each stage, and which differences its rows do not decide.
import { formatAccuracy } from '../../src/shared/format/numbers.ts'
import type { Stage } from '../../src/shared/protocol/events.ts'
import { accuraciesOf } from '../../src/shared/series/accuracies.ts'
import type { RunPicture } from '../../src/shared/series/foldRun.ts'
import { undecided, type Accuracy } from '../../src/shared/series/meanAccuracy.ts'
import { createDataTable } from '../shared/dataTable.ts'
import { h, replaceChildren } from '../shared/dom.ts'

const stages = ['dense', 'pruned', 'recovered'] as const

export function createTaskTable() {
  const table = createDataTable('Accuracy by task')
  const sentences = h('div', { class: 'muted' })
  const title = h('h2', {}, 'Accuracy by task')
  const element = h('section', { class: 'card taskTable', hidden: true }, title, table.element, sentences)
  return {
    element,
    update({ evaluations }: RunPicture): void {
      const { stages: means, tasks } = accuraciesOf(evaluations)
      element.hidden = tasks.length === 0
      const shown = stages.filter((stage) => tasks.some((task) => task.stages[stage]))
      const row = (head: string, measured: Partial<Record<Stage, Accuracy>>) => {
        return { head, cells: shown.map((stage) => textOf(measured[stage])) }
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
