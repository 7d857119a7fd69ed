// All evaluation tasks. Outside their own files nothing compares their names.
import { arcChallenge } from './arcChallenge.ts'
import { arcEasy } from './arcEasy.ts'
import { boolq } from './boolq.ts'
import { hellaswag } from './hellaswag.ts'
import { lambadaOpenai } from './lambadaOpenai.ts'
import { openbookqa } from './openbookqa.ts'
import { perplexity } from './perplexity.ts'
import { piqa } from './piqa.ts'
import { rte } from './rte.ts'
import { samples } from './samples.ts'
import type { TaskRow } from './task.ts'
import { winogrande } from './winogrande.ts'

export const tasks = {
  perplexity,
  boolq,
  rte,
  hellaswag,
  winogrande,
  arc_easy: arcEasy,
  arc_challenge: arcChallenge,
  openbookqa,
  piqa,
  lambada_openai: lambadaOpenai,
  samples,
} satisfies Record<string, TaskRow>

/** Name of a task in recipes. */
export type TaskName = keyof typeof tasks

export const taskNames = Object.keys(tasks) as TaskName[]

/** Tasks that ask questions with known answers. */
export const zeroShotNames = taskNames.filter((name) => tasks[name].questions !== null)

/** Tasks that read a data file. */
export const tasksWithData = taskNames.filter((name) => taskOf(name).prompts === undefined)

/** Tasks that generate text after the recipe's prompts. */
export const tasksWithPrompts = taskNames.filter((name) => taskOf(name).prompts !== undefined)

/** The default task. */
export const defaultTask: TaskName = 'perplexity'

export function taskOf(name: TaskName): TaskRow {
  return tasks[name]
}
