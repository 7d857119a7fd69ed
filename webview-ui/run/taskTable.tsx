// Each zero-shot task at each stage as bars and as a table, and which differences its rows do not decide.
import { accuracyBars, accuracyBarsTitle as title } from '../../src/shared/chart/accuracyBars.ts'
import type { DataTable } from '../../src/shared/chart/chartTable.ts'
import { svgFile } from '../../src/shared/chart/shape.ts'
import { formatAccuracy } from '../../src/shared/format/numbers.ts'
import { accuraciesOf, type RunAccuracies } from '../../src/shared/series/accuracies.ts'
import type { Stage } from '../../src/shared/series/events.ts'
import { undecided, type Accuracy } from '../../src/shared/series/meanAccuracy.ts'
import { DataTableView } from '../shared/dataTable.tsx'
import { drawn } from '../shared/drawn.tsx'
import { FigureHead, tableCsv } from '../shared/figureHead.tsx'
import { themeChanges, themeInk } from '../shared/theme.ts'
import { host } from './host.ts'
import { all, picture } from './store.ts'

const stages = ['dense', 'pruned', 'recovered'] as const

export function TaskTable() {
  void themeChanges.value
  const found = accuraciesOf(picture.value.evaluations)
  if (found.tasks.length === 0) return null
  const bars = accuracyBars(all.value, themeInk(), false)
  const figure = () => {
    const shape = accuracyBars(all.value)
    return shape && svgFile(shape)
  }
  const table = tableOf(found)
  return (
    <section class="card taskTable">
      <FigureHead title={title} figure={figure} csv={() => tableCsv(table)} save={host.post} />
      <div class="accuracyBars">{bars && drawn(bars)}</div>
      <DataTableView label={title} table={table} />
      <div class="muted">
        {undecided(found.stages).map((sentence) => (
          <p>{sentence}</p>
        ))}
      </div>
    </section>
  )
}

/** The run alone; a mean where there are several tasks. */
function tableOf({ stages: means, tasks }: RunAccuracies): DataTable {
  const shown = stages.filter((stage) => tasks.some((task) => task.stages[stage]))
  const row = (name: string, measured: Partial<Record<Stage, Accuracy>>) => {
    return { head: name, cells: shown.map((stage) => textOf(measured[stage])) }
  }
  const rows = tasks.map((task) => row(task.name, task.stages))
  return { heads: ['task', ...shown], rows: tasks.length > 1 ? [...rows, row('mean', means)] : rows }
}

function textOf(accuracy: Accuracy | undefined): string {
  return accuracy ? formatAccuracy(accuracy.acc, accuracy.stderr) : '–'
}
