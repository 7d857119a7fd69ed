// All evaluation tasks. Outside their own files nothing compares their names.
import { perplexity } from './perplexity.ts'
import type { TaskRow } from './task.ts'

export const tasks = { perplexity } satisfies Record<string, TaskRow>

/** As recipes write it. */
export type TaskName = keyof typeof tasks

export const taskNames = Object.keys(tasks) as TaskName[]

/** Where an evaluation names none. */
export const defaultTask: TaskName = 'perplexity'

export function taskOf(name: TaskName): TaskRow {
  return tasks[name]
}
