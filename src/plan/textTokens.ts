// How many tokens a text comes to before anything has been tokenised, and what tokens cost that come one at a time.
import type { ResolvedEvaluation } from '../recipe/resolve.ts'

/** Bytes of a token of English text. */
export const bytesPerToken = 4

/** A token that comes alone reads every weight for itself: it takes as long as about so many tokens of a batch. */
const alone = 16

/** Cost of generating after prompts, as tokens of a batch. `promptTokens` holds each prompt's number of tokens. */
export function writingTokens(promptTokens: readonly number[], maxTokens: number): number {
  return promptTokens.reduce((sum, tokens) => sum + tokens + alone * maxTokens, 0)
}

/** The same of a recipe's entry, whose prompts nobody has tokenised yet. */
export function plannedWriting({ prompts = [], max_tokens: maxTokens = 0 }: ResolvedEvaluation): number {
  return writingTokens(
    prompts.map(({ length }) => length / bytesPerToken),
    maxTokens,
  )
}
