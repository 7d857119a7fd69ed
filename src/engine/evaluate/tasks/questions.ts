// A file of questions, read and tokenised.
import { FormatError } from '../../../errors.ts'
import { taskOf, type TaskName } from '../../../catalog/tasks/tasks.ts'
import type { Questions, Row } from '../../../catalog/tasks/task.ts'
import { EngineError } from '../../errors.ts'
import { readRows } from '../../text/rows.ts'
import { maxIds, openTokenizer } from '../../text/tokenizer.ts'
import { checkIds } from '../../text/vocabulary.ts'
import { createRequestEncoder, type RequestEncoder, type ScoredIds } from './tokenise.ts'

export interface Choice extends ScoredIds {
  /** Code points of the choice, by which acc_norm divides. */
  readonly length: number
}

export interface TokenisedQuestion {
  readonly choices: readonly Choice[]
  /** null where the row has no answer, so that nothing can be right. */
  readonly gold: number | null
}

export interface QuestionSet {
  readonly task: TaskName
  readonly rules: Questions
  readonly questions: readonly TokenisedQuestion[]
  /** Places of the first rows without an answer, and how many there are. */
  readonly unanswered: { readonly places: readonly string[]; readonly count: number }
  /** Number of ids in all. */
  readonly tokens: number
}

export interface QuestionRequest {
  readonly task: TaskName
  /** .jsonl, .jsonl.gz or .parquet. */
  readonly path: string
  /** Number of the first rows to use. Default: all. */
  readonly limit?: number
  /** Folder of the model, for tokenizer.json. */
  readonly folder: string
  readonly vocabSize: number
  /** Most tokens that the model takes. */
  readonly maxLength: number
  readonly signal?: AbortSignal
  readonly onProgress?: (rows: number) => void
}

/** Number of rows without an answer that a message names. */
const mostNamed = 5

/** @throws EngineError 'bad-data' with the place of a row that cannot be asked. */
export async function loadQuestions(request: QuestionRequest): Promise<QuestionSet> {
  const { task, path, limit = Infinity, folder, signal } = request
  const { questions: rules } = taskOf(task)
  if (!rules) throw new EngineError('usage', `${task} has no questions`)
  const tokenizer = await openTokenizer(folder, { signal })
  const questions: TokenisedQuestion[] = []
  const places: string[] = []
  let [count, tokens] = [0, 0]
  try {
    const encoder = createRequestEncoder(tokenizer, request.maxLength, signal)
    for await (const { row, where } of readRows(path, rules.columns, signal)) {
      const question = await tokenised(rules, row, where, encoder)
      for (const { ids } of question.choices) {
        checkIds(ids, request.vocabSize, where)
        tokens += ids.length
      }
      if (tokens > maxIds)
        throw new EngineError('bad-data', `${path}: the questions have more than ${maxIds} tokens; use a limit`)
      if (question.gold === null && ++count <= mostNamed) places.push(where)
      questions.push(question)
      request.onProgress?.(questions.length)
      if (questions.length >= limit) break
    }
  } finally {
    await tokenizer.close()
  }
  if (questions.length === 0) throw new EngineError('bad-data', `${path} has no rows`)
  if (count === questions.length) {
    throw new EngineError(
      'bad-data',
      `${path}: none of its ${count} rows has an answer, as in test splits that keep them hidden; use the split that has them`,
    )
  }
  return { task, rules, questions, unanswered: { places, count }, tokens }
}

async function tokenised(
  rules: Questions,
  row: Row,
  where: string,
  encoder: RequestEncoder,
): Promise<TokenisedQuestion> {
  try {
    const { requests, gold } = rules.ask(row)
    const choices: Choice[] = []
    for (const request of requests) choices.push({ ...(await encoder.encode(request)), length: request.length })
    return { choices, gold }
  } catch (error) {
    if (error instanceof FormatError) throw new EngineError('bad-data', `${where}: ${error.message}`)
    if (error instanceof EngineError && error.code === 'bad-data')
      throw new EngineError('bad-data', `${where}: ${error.message}`)
    throw error
  }
}

/** The warning about rows without an answer; null when all have one. */
export function unansweredText({ questions, unanswered: { places, count } }: QuestionSet): string | null {
  if (count === 0) return null
  const more = count > places.length ? ` and ${count - places.length} more` : ''
  const what = count === 1 ? 'has no answer and is' : 'have no answer and are'
  return `${count} of ${questions.length} rows ${what} left out: ${places.join('; ')}${more}`
}
