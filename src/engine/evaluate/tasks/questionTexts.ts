// Texts of single rows of a task's data, for people who look at what a model answered.
import { FormatError } from '../../../shared/format/formatError.ts'
import type { AskedQuestion } from '../../../shared/protocol/questions.ts'
import { taskOf, type TaskName } from '../../../shared/tasks/tasks.ts'
import { EngineError } from '../../errors.ts'
import { readRows } from '../../text/rows.ts'

/** Characters of each text. */
const longest = 2000

/**
 * Rows by their place in the file, from 0, in the order of the file; a row that is not there is left out.
 * @throws EngineError 'not-found', 'bad-data'.
 */
export async function questionTexts(
  { task, path, rows }: { readonly task: TaskName; readonly path: string; readonly rows: readonly number[] },
  signal?: AbortSignal,
): Promise<AskedQuestion[]> {
  const { questions: rules } = taskOf(task)
  if (!rules) throw new EngineError('usage', `${task} has no questions`)
  const wanted = new Set(rows)
  const last = Math.max(...rows)
  const found: AskedQuestion[] = []
  let index = 0
  for await (const { row, where } of readRows(path, rules.columns, signal)) {
    if (wanted.has(index)) {
      try {
        const { requests, gold } = rules.ask(row)
        // Where the choices stand in the question, as in WinoGrande, it differs and they do not.
        const isShared = requests.every(({ context }) => context === requests[0].context)
        const [{ context, continuation }] = requests
        found.push({
          row: index,
          question: cut(isShared ? context : continuation),
          answers: requests.map((one) => cut((isShared ? one.continuation : one.context).trim())),
          gold,
        })
      } catch (error) {
        if (error instanceof FormatError) throw new EngineError('bad-data', `${where}: ${error.message}`)
        throw error
      }
    }
    if (++index > last) break
  }
  return found
}

function cut(text: string): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}
