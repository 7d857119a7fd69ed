// Evaluations other than perplexity: accuracy by task, and generated text.
import type { DataTable } from '../../src/charts/chartValues.ts'
import { formatAccuracy } from '../../src/formatting/numbers.ts'
import { accuraciesOf, type RunAccuracies, undecided } from '../../src/runs/series/accuracies.ts'
import type { Accuracy } from '../../src/runs/series/foldRun.ts'
import { type Stage, stages } from '../../src/catalog/stages.ts'
import { DataTableView } from '../shared/figure.tsx'
import { picture } from './store.ts'
import { promptTexts } from '../../src/runs/series/samples.ts'
import { MarkedText } from '../shared/parts.tsx'

/** Each zero-shot task at each stage, with the differences that are within the standard error. */
export function TaskTable() {
  const found = accuraciesOf(picture.value.evaluations)
  if (found.tasks.length === 0) return null
  return (
    <section class="card">
      <h2>Accuracy by task</h2>
      <DataTableView label="Accuracy by task" table={tableOf(found)} />
      <div class="muted">
        {undecided(found.stages).map((sentence) => (
          <p>{sentence}</p>
        ))}
      </div>
    </section>
  )
}

/** Accuracies of this run without the overlaid ones, and a row of means if there are several tasks. */
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

/** The model's continuations of the recipe's prompts: dense, pruned and along the recovery, one above the other. */
export function SampleTexts() {
  const { samples } = picture.value
  if (samples.length === 0) return null
  return (
    <section class="card">
      <h2>Generated samples</h2>
      <p class="muted">The mark shows the first token that differs from the first text.</p>
      {promptTexts(samples).map(({ prompt, rows }) => (
        <table class="texts">
          <caption>
            <MarkedText text={prompt} />
          </caption>
          <tbody>
            {rows.map((row) => (
              <tr>
                <th scope="row">{row.label}</th>
                <td>
                  <MarkedText text={row.sample.text} cut={row.cut} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      ))}
    </section>
  )
}
