// A zero-shot task: log-likelihoods of every choice, and how often the right one is the likeliest.
import { EngineError } from '../../errors.ts'
import type { Decoder } from '../../model/decoder.ts'
import { type ChoiceScore, type ScoreOptions, scoreQuestions } from './logLikelihoods.ts'
import type { QuestionSet, TokenisedQuestion } from './questions.ts'
import type { Questions } from '../../../catalog/tasks/task.ts'

export interface TaskResult extends Figures {
  /** Scores of the choices: one list per row, in file order. */
  readonly scores: readonly (readonly ChoiceScore[])[]
  readonly seconds: number
}

/** @throws EngineError 'numeric' when a log-likelihood is not finite. */
export async function evaluateTask(
  decoder: Decoder,
  { rules, questions }: QuestionSet,
  options: ScoreOptions = {},
): Promise<TaskResult> {
  const begun = performance.now()
  const scores = await scoreQuestions(decoder, questions, options)
  const wrong = scores.flat().find(({ logLikelihood }) => !Number.isFinite(logLikelihood))
  if (wrong) {
    throw new EngineError(
      'numeric',
      `a log-likelihood is ${wrong.logLikelihood}; the weights contain NaN or infinity, or overflow on this text; check them with sparsescope inspect --stats`,
    )
  }
  return { ...figuresOf(rules, questions, scores), scores, seconds: (performance.now() - begun) / 1000 }
}

/** Accuracy of scored questions, with the harness's standard error. */
export interface Figure {
  readonly value: number
  /** Sample standard deviation / √n; null for a single row. */
  readonly stderr: number | null
}

interface Figures {
  readonly acc: Figure
  /** Accuracy by log-likelihood per code point; null where the harness has no such figure. */
  readonly accNorm: Figure | null
  /** exp of the mean −log-likelihood of a row; completions only. */
  readonly perplexity: number | null
  /** Number of rows with an answer. */
  readonly rows: number
}

/** The choice that counts as a model's answer to each row; null where a completion was not the likeliest. */
export function pickedChoices(rules: Questions, scores: readonly (readonly ChoiceScore[])[]): (number | null)[] {
  if (rules.answer === 'completion') return scores.map((s) => (s[0].greedy ? 0 : null))
  return scores.map((s) => argmax(s.map(({ logLikelihood }) => logLikelihood)))
}

/** The choice with the largest log-likelihood per code point. */
export function pickedByLength(scores: readonly ChoiceScore[], lengths: readonly number[]): number {
  return argmax(scores.map(({ logLikelihood }, i) => logLikelihood / lengths[i]))
}

const lengthsOf = (choices: readonly { readonly length: number }[]) => choices.map(({ length }) => length)

function figuresOf(
  rules: Questions,
  questions: readonly TokenisedQuestion[],
  scores: readonly (readonly ChoiceScore[])[],
): Figures {
  const picked = pickedChoices(rules, scores)
  const answered = questions.flatMap(({ choices, gold }, i) =>
    gold === null ? [] : [{ choices, gold, picked: picked[i], scores: scores[i] }],
  )
  const meanOf = (isRight: (row: (typeof answered)[number]) => boolean) => figureOf(answered.map(isRight))
  const completes = rules.answer === 'completion'
  return {
    acc: meanOf(({ gold, picked }) => picked === gold),
    accNorm: rules.normalised
      ? meanOf(({ gold, choices, scores: s }) => pickedByLength(s, lengthsOf(choices)) === gold)
      : null,
    perplexity: completes
      ? Math.exp(-answered.reduce((sum, { gold, scores: s }) => sum + s[gold].logLikelihood, 0) / answered.length)
      : null,
    rows: answered.length,
  }
}

/** Index of the largest value, the first of equal ones. */
function argmax(values: readonly number[]): number {
  return values.reduce((best, value, i) => (value > values[best] ? i : best), 0)
}

function figureOf(right: readonly boolean[]): Figure {
  const n = right.length
  const value = right.filter(Boolean).length / n
  return { value, stderr: n > 1 ? Math.sqrt((value * (1 - value)) / (n - 1)) : null }
}
