// Two runs against each other, from their folders; the texts of questions come from the data that both were measured on.
import type { ParamsOf } from '../../shared/protocol/parameters.ts'
import { isAbsolute } from 'node:path'
import { fieldsOf } from '../../shared/format/records.ts'
import { someOf } from '../../shared/format/lists.ts'
import type { AskedQuestion } from '../../shared/protocol/questions.ts'
import { answersIn, flippedRows, type FlippedRow, type TaskAnswers } from '../../shared/sweep/answers.ts'
import { blockErrorPairs, promptPairs, settingDifferences } from '../../shared/sweep/differenceOfRuns.ts'
import type { Flip, RunDifference, TaskFlips } from '../../shared/sweep/runDifference.ts'
import { isTaskName, taskOf } from '../../shared/tasks/tasks.ts'
import { emptyPicture } from '../../shared/series/foldRun.ts'
import { readPicture } from '../../runs/events/parseEvents.ts'
import { readReport } from '../../runs/reader/report.ts'
import type { RunReader } from '../../runs/reader/runReader.ts'

/** Reads rows of data. null: not allowed here, as in a workspace that is not trusted. */
export type AskQuestions = ((request: ParamsOf<'questions'>) => Promise<AskedQuestion[]>) | null

/** Questions of each direction whose texts are told. */
const mostFlips = 25

export async function differenceOf(a: RunReader, b: RunReader, ask: AskQuestions): Promise<RunDifference> {
  const runs = [a, b]
  for (const run of runs) await run.readRecipe()
  const recipes = runs.map(({ state, place }) => state.recipe ?? place.recipe ?? null)
  const pictures = await Promise.all(runs.map(({ folder }) => readPicture(folder.events)))
  const [pictureA, pictureB] = pictures.map((picture) => picture ?? emptyPicture())
  const blocks = blockErrorPairs(pictureA, pictureB)
  const prompts = promptPairs(pictureA.samples, pictureB.samples)
  const reports = await Promise.all(runs.map(({ folder }) => readReport(folder).catch(() => null)))
  const missing = runs.flatMap(({ named }, i) => (recipes[i] ? [] : [`The recipe of ${named.label} cannot be read.`]))
  const tasks = await taskFlips(runs, reports, recipes, ask, missing)
  if (blocks.length === 0)
    missing.push('No errors by block: a recipe measures them that recovers by reconstruct or refit.')
  if (prompts.length === 0)
    missing.push('No texts of the same prompt: give both recipes {task: samples, prompts: […]} in evaluate.')
  return { settings: settingDifferences(recipes[0], recipes[1]), blocks, tasks, prompts, missing }
}

/** Puts into `missing` why answers cannot be told. */
async function taskFlips(
  runs: readonly RunReader[],
  reports: readonly unknown[],
  recipes: readonly (object | null)[],
  ask: AskQuestions,
  missing: string[],
): Promise<TaskFlips[]> {
  const without = runs.filter((_, i) => reports[i] === null)
  if (without.length > 0) {
    missing.push(
      `Answers are told by a run's report, which it writes at its end: ${someOf(without.map(({ named }) => named.label))} has none.`,
    )
    return []
  }
  const [answersA, answersB] = reports.map(answersIn)
  if (answersA.length === 0 || answersB.length === 0) {
    missing.push(
      'No answers to questions: give both recipes a zero-shot task in evaluate, as {task: piqa, data: piqa.jsonl}; runs of earlier versions kept none.',
    )
    return []
  }
  const found: TaskFlips[] = []
  for (const one of answersA) {
    const ofTask = answersB.filter(({ task }) => task === one.task)
    const other = ofTask.find(({ data }) => data === one.data) ?? ofTask.at(0)
    const flips = other && flippedRows(one, other)
    if (!flips) {
      missing.push(`${titleOf(one.task)}: the two runs were not asked the same questions.`)
      continue
    }
    const shown = [flips.onlyA, flips.onlyB].map((rows) => rows.slice(0, mostFlips))
    const texts = await textsOf(one, recipes[0], shown.flat(), ask).catch((error: unknown) => {
      missing.push(
        `${titleOf(one.task)}: questions are told by number, since their data cannot be read: ${String(error instanceof Error ? error.message : error)}`,
      )
      return new Map<number, AskedQuestion>()
    })
    const [onlyA, onlyB] = shown.map((rows) => rows.map((row) => flipOf(row, texts)))
    found.push({
      task: titleOf(one.task),
      data: one.data,
      bothRight: flips.bothRight,
      bothWrong: flips.bothWrong,
      onlyA: { count: flips.onlyA.length, flips: onlyA },
      onlyB: { count: flips.onlyB.length, flips: onlyB },
    })
  }
  return found
}

function titleOf(task: string): string {
  return isTaskName(task) ? taskOf(task).title : task
}

/** By row. */
async function textsOf(
  { task, entry, data }: TaskAnswers,
  recipe: object | null,
  rows: readonly FlippedRow[],
  ask: AskQuestions,
): Promise<Map<number, AskedQuestion>> {
  if (!ask || rows.length === 0 || !isTaskName(task)) return new Map()
  const { evaluate } = fieldsOf(recipe)
  const written: unknown = fieldsOf(Array.isArray(evaluate) ? evaluate[entry] : null).data
  const path = typeof written === 'string' ? written : data
  if (!isAbsolute(path)) throw new Error(`the recipe of the run does not say where ${path} lies`)
  const asked = await ask({ task, path, rows: rows.map(({ row }) => row) })
  // Other data than was measured on has other answers.
  const right = new Map(rows.map((flip) => [flip.row, flip.right]))
  if (asked.some(({ row, gold }) => gold !== right.get(row))) throw new Error(`${path} has changed since`)
  return new Map(asked.map((one) => [one.row, one]))
}

function flipOf({ row, right, a, b }: FlippedRow, texts: ReadonlyMap<number, AskedQuestion>): Flip {
  const { question = '', answers = [] } = texts.get(row) ?? {}
  return { row, question, answers, right, a, b }
}
