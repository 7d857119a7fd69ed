import { deepEqual, equal, rejects } from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { readRows } from '../../../src/engine/text/dataFile.ts'
import { taskOf, type TaskName } from '../../../src/catalog/tasks/tasks.ts'

const data = fileURLToPath(new URL('../../fixtures/zeroshot/data', import.meta.url))

async function rowsOf(task: TaskName, file: string) {
  const rows = []
  for await (const { row, where } of readRows(`${data}/${file}`, taskOf(task).questions!.columns))
    rows.push({ row, where })
  return rows
}

describe('the rows of data', () => {
  for (const task of ['arc_easy', 'piqa'] as const) {
    it(`${task}: Parquet and JSON lines ask the same questions, nested columns and 64-bit integers too`, async () => {
      const ask = taskOf(task).questions!.ask
      const [lines, table] = [await rowsOf(task, `${task}.jsonl`), await rowsOf(task, `${task}.parquet`)]
      deepEqual(
        table.map(({ row }) => ask(row)),
        lines.map(({ row }) => ask(row)),
      )
      equal(table[1].where, `${data}/${task}.parquet, row 2`)
    })
  }

  it('name a missing column with those wanted and those found', async () => {
    await rejects(rowsOf('piqa', 'arc_easy.parquet'), {
      code: 'bad-data',
      message:
        /has no column "goal": the required columns are goal, sol1, sol2, label; it has id, question, choices, answerKey$/,
    })
    await rejects(
      rowsOf('boolq', 'piqa.jsonl'),
      /the required columns are passage, question, label or answer; it has goal/,
    )
    await rejects(rowsOf('piqa', '../README.md'), /give a \.jsonl, \.jsonl\.gz or \.parquet file/)
  })
})
