// Steps of a tokenizer.json: what it does to a text, and how it splits it into words.
import { isRecord } from '../../formatting/records.ts'

export type TokenizerStep = Readonly<Record<string, unknown>>

/** GPT-2's expression, by which ByteLevel splits. */
export const wordsOfGpt2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

/** The steps of a sequence in its order; a single step is a sequence of one. */
export function stepsOf(step: unknown): TokenizerStep[] {
  if (!isRecord(step)) return []
  if (step.type !== 'Sequence') return [step]
  const { pretokenizers, normalizers } = step
  const steps: unknown[] = [pretokenizers ?? normalizers ?? []].flat()
  return steps.flatMap(stepsOf)
}
