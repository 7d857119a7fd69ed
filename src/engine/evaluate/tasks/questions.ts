// A file of questions, read and tokenised.
import { FormatError } from '../../../errors.ts'
import { type TaskName, taskOf } from '../../../catalog/tasks/tasks.ts'
import type { Questions, Request, Row } from '../../../catalog/tasks/task.ts'
import { EngineError } from '../../errors.ts'
import { readRows } from '../../text/dataFile.ts'
import { checkIds, maxIds, openTokenizer, type Tokenizer } from '../../text/tokenizer.ts'
import { rstrip } from '../../../catalog/tasks/python.ts'

interface Choice extends ScoredIds {
  /** Code points of the choice, by which acc_norm divides. */
  readonly length: number
}

export interface TokenisedQuestion {
  readonly choices: readonly Choice[]
  /** null where the row has no answer: no option is right. */
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

interface QuestionRequest {
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

/** @throws EngineError 'bad-data' with the place of a row that cannot be used. */
export async function loadQuestions(request: QuestionRequest): Promise<QuestionSet> {
  const { task, path, limit = Infinity, folder, signal } = request
  const { questions: rules } = taskOf(task)
  if (!rules) throw new EngineError('usage', `${task} has no questions`)
  const tokenizer = await openTokenizer(folder, { signal })
  const questions: TokenisedQuestion[] = []
  const places: string[] = []
  let [count, tokens] = [0, 0]
  try {
    const encode = requestEncoder(tokenizer, request.maxLength, signal)
    for await (const { row, where } of readRows(path, rules.columns, signal)) {
      const question = await tokenised(rules, row, where, encode)
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
  encode: ReturnType<typeof requestEncoder>,
): Promise<TokenisedQuestion> {
  try {
    const { requests, gold } = rules.ask(row)
    const choices: Choice[] = []
    for (const request of requests) choices.push({ ...(await encode(request)), length: request.length })
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

// Requests become token ids as in lm-evaluation-harness (docs/methods.md, "Zero-shot tasks").

/** Ids; the last `predicted` are scored, each given those before it. */
interface ScoredIds {
  readonly ids: Int32Array
  readonly predicted: number
}

/** `maxLength` is the number of tokens that the model takes; longer requests lose their beginning. */
function requestEncoder(tokenizer: Tokenizer, maxLength: number, signal?: AbortSignal) {
  const { begin, end } = tokenizer.marks
  const plain = (text: string) => tokenizer.encode(text, { signal, special: false })
  const marked = (text: string) => {
    const special = begin === null || !text.startsWith(begin)
    return tokenizer.encode(text, { signal, special })
  }
  // The choices of a row come one after the other and share their context.
  let last: { text: string; ids: Int32Array } | null = null
  const split = async ({ context, continuation }: Request) => {
    // White space at the end of the context belongs to the continuation.
    const text = rstrip(context)
    if (last?.text !== text) last = { text, ids: await marked(text) }
    const { ids: before } = last
    if (before.length === 0) throw nothingBefore('tokenizer.json adds no token there')
    // The ids of the whole text may begin differently from the context's ids, which are kept.
    const whole = await marked(context + continuation)
    return { before, after: whole.subarray(before.length) }
  }
  /** A continuation without a context; the beginning-of-text token takes the place of the context. */
  const alone = async ({ continuation }: Request) => {
    const mark = begin ?? end
    const [id, ...more] = mark === null ? [] : await plain(mark)
    if (id === undefined || more.length > 0)
      throw nothingBefore('tokenizer_config.json names no bos_token or eos_token to use there')
    const ids = await plain(continuation)
    return { before: Int32Array.of(id), after: ids[0] === id ? ids.subarray(1) : ids }
  }
  return async (request: Request): Promise<ScoredIds> => {
    const { before, after } = await (request.context === '' ? alone(request) : split(request))
    const predicted = after.length
    if (predicted === 0) throw new EngineError('bad-data', 'the tokenizer makes no token of its answer')
    if (predicted > maxLength) {
      throw new EngineError(
        'bad-data',
        `its answer has ${predicted} tokens, the model takes ${maxLength}; leave the row out`,
      )
    }
    const whole = new Int32Array(before.length + predicted)
    whole.set(before)
    whole.set(after, before.length)
    return { ids: whole.slice(-(maxLength + 1)), predicted }
  }
}

function nothingBefore(why: string): EngineError {
  return new EngineError('bad-data', `it has nothing before the answer, and ${why}`)
}
