// A zero-shot task: log-likelihoods of every choice, and how often the right one is the likeliest.
import { EngineError } from '../../errors.ts'
import type { Decoder } from '../../model/decoder.ts'
import { figuresOf, type Figures } from './figures.ts'
import { scoreQuestions, type ChoiceScore, type ScoreOptions } from './logLikelihoods.ts'
import type { QuestionSet } from './questions.ts'

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
      `a log-likelihood is ${wrong.logLikelihood}; the weights hold NaN or infinity, or overflow on this text`,
    )
  }
  return { ...figuresOf(rules, questions, scores), scores, seconds: (performance.now() - begun) / 1000 }
}
