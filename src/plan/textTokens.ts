// Estimates the tokens of a text before it is tokenised, and the cost of tokens that are generated one at a time.
import { idShapeOf, type DataFacts } from '../recipe/facts.ts'
import type { ResolvedEvaluation } from '../recipe/resolve.ts'

/** Bytes per token of English text. */
export const bytesPerToken = 4
/** Tokens assumed per sequence for a task that reads rows at their own lengths. */
export const usualLength = 128

/** Cost of a token that is generated alone, in tokens of a batch: it reads every weight for itself. */
const alone = 16

/** Cost of generating after prompts, as tokens of a batch. `promptTokens` holds each prompt's number of tokens. */
export function writingTokens(promptTokens: readonly number[], maxTokens: number): number {
  return promptTokens.reduce((sum, tokens) => sum + tokens + alone * maxTokens, 0)
}

/** `writingTokens` for an entry of `evaluate`, whose prompts are not tokenised yet. */
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
