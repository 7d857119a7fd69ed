// The result of a zero-shot task as the Hub's leaderboards read it: `.eval_results/*.yaml`. Whoever publishes names the benchmark.
import { stringify } from 'yaml'
import { andList } from '../../../formatting/lists.ts'
import { plural } from '../../../formatting/numbers.ts'
import { EngineError } from '../../errors.ts'
import type { PushFile } from '../../hub/push.ts'
import { lastStage, type Note } from './note.ts'

export interface Benchmark {
  /** SparseScope's name of the task. */
  readonly task: string
  /** The data set, org/name. */
  readonly dataset: string
  /** The data set's own name of the task, in its eval.yaml; null: not given. */
  readonly taskId: string | null
}

export interface SavedResult {
  /** Share of the rows that were answered rightly. */
  readonly acc: number
  readonly rows?: number
}

/** The result of a task at the saved model, on all rows. @throws EngineError where there is none. */
export function savedResult(note: Note, task: string): SavedResult {
  const last = lastStage(note)
  const refused = (why: string) => new EngineError('usage', `--benchmark ${task}: ${why}`)
  const results = note.evaluations.flatMap(({ stage, step, acc, ...one }) =>
    stage === last && step === undefined && acc !== undefined ? [{ ...one, acc }] : [],
  )
  const own = results.filter((one) => one.task === task)
  if (own.length === 0) {
    const others = andList([...new Set(results.map((one) => one.task))])
    throw refused(
      `the saved model has no result of it${others && `, only of ${others}`}; put it into the recipe's evaluate, at ${last}, and run the recipe again`,
    )
  }
  const limitOf = ({ entry }: { entry: number }) => note.recipe.evaluate.at(entry)?.limit
  const whole = own.filter((one) => limitOf(one) === undefined)
  if (whole.length === 1) return whole[0]
  throw refused(
    whole.length === 0
      ? `it was measured with limit: ${limitOf(own[0])}, and a leaderboard would show a part of the rows as the whole; take limit out of the recipe's evaluate, and run the recipe again`
      : `it was measured on ${andList(whole.map(({ data = '' }) => data))}, and a leaderboard shows one result; leave one of them in the recipe's evaluate, and run the recipe again`,
  )
}

/** `card`: address of the model. A value is a percentage. */
export function evalResultFile(
  { task, dataset, taskId }: Benchmark,
  { acc, rows }: SavedResult,
  { version }: Note,
  card: string,
): PushFile {
  const on = rows === undefined ? '' : ` on ${plural(rows, 'row')}`
  const entry = {
    dataset: { id: dataset, ...(taskId !== null && { task_id: taskId }) },
    value: Number((100 * acc).toFixed(2)),
    source: { url: card, name: 'Model card' },
    notes: `0-shot accuracy${on}, scored as lm-evaluation-harness does; measured by SparseScope ${version}`,
  }
  // Quoted, a text is one in every version of YAML, whatever it looks like.
  const text = stringify([entry], { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 })
  return { path: `.eval_results/${task}.yaml`, content: { text } }
}
