// How many tokens a text comes to before anything has been tokenised, and what tokens cost that come one at a time.
import { idShapeOf, type DataFacts } from '../recipe/facts.ts'
import type { ResolvedEvaluation } from '../recipe/resolve.ts'

/** Bytes of a token of English text. */
export const bytesPerToken = 4
/** Tokens of a sequence where a task reads rows as long as they are. */
export const usualLength = 128

/** A token that comes alone reads every weight for itself: it takes as long as about so many tokens of a batch. */
const alone = 16

/** Cost of generating after prompts, as tokens of a batch. `promptTokens` holds each prompt's number of tokens. */
export function writingTokens(promptTokens: readonly number[], maxTokens: number): number {
  return promptTokens.reduce((sum, tokens) => sum + tokens + alone * maxTokens, 0)
}

/** The same of a recipe's entry, whose prompts are not tokenised yet. */
function plannedWriting({ prompts = [], max_tokens: maxTokens = 0 }: ResolvedEvaluation): number {
  return writingTokens(
    prompts.map(({ length }) => length / bytesPerToken),
    maxTokens,
  )
}

/** Tokens that an entry of `evaluate` measures, by the bytes of its file. */
export function tokensIn(data: ReadonlyMap<string, DataFacts>, evaluation: ResolvedEvaluation): number {
  const { data: path, field, samples = Infinity, seq_len: seqLen = usualLength, limit } = evaluation
  if (path === undefined) return plannedWriting(evaluation)
  const file = data.get(path)
  if (limit !== undefined && file?.documents) return (file.bytes / bytesPerToken) * Math.min(1, limit / file.documents)
  const shape = idShapeOf(file, field)
  const all = shape ? shape.reduce((a, b) => a * b, 1) : (file?.bytes ?? 0) / bytesPerToken
  return Math.min(all, samples * seqLen)
}
