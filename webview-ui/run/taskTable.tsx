// Each zero-shot task at each stage as bars and as a table, and which differences its rows do not decide.
import { accuracyBarsTitle } from '../../src/charts/accuracyBars.ts'
import type { DataTable } from '../../src/charts/chartValues.ts'
import { formatAccuracy } from '../../src/formatting/numbers.ts'
import { accuraciesOf, type RunAccuracies, undecided } from '../../src/runs/series/accuracies.ts'
import type { Accuracy } from '../../src/runs/series/foldRun.ts'
import { stages, type Stage } from '../../src/catalog/stages.ts'
import { AccuracyBars } from '../shared/accuracyBars.tsx'
import { DataTableView, tableCsv } from '../shared/figure.tsx'
import { all, picture } from './store.ts'

export function TaskTable() {
  const found = accuraciesOf(picture.value.evaluations)
  const table = tableOf(found)
  return (
    <AccuracyBars runs={all.value} csv={() => tableCsv(table)}>
      <DataTableView label={accuracyBarsTitle} table={table} />
      <div class="muted">
        {undecided(found.stages).map((sentence) => (
          <p>{sentence}</p>
        ))}
      </div>
    </AccuracyBars>
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
