// Rows of a zero-shot task's data as people read them.
import type { TaskName } from '../tasks/tasks.ts'

export interface QuestionsRequest {
  readonly task: TaskName
  /** .jsonl, .jsonl.gz or .parquet. */
  readonly path: string
  /** By their place in the file, from 0. */
  readonly rows: readonly number[]
}

export interface AskedQuestion {
  readonly row: number
  readonly question: string
  readonly answers: readonly string[]
  /** Index of the right answer; null where the row has none. */
  readonly gold: number | null
}
