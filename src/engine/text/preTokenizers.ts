// Steps that split text into words, put so that the library splits as the tokenizers of transformers do: its own Digits know the
// ten ASCII ones only, and its own ByteLevel takes `\s` as JavaScript does, which has U+FEFF and lacks U+0085. Its Split does not.
import { isRecord } from '../../shared/format/records.ts'

type Step = Readonly<Record<string, unknown>>

/** GPT-2's expression, by which ByteLevel splits. */
export const wordsOfGpt2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

/** tokenizer.json's pre_tokenizer; as it is where `addsSpace` puts a space before the text, which must come before any split. */
export function spelledOut(preTokenizer: unknown, addsSpace: boolean): unknown {
  const step = isRecord(preTokenizer) ? preTokenizer : null
  if (!step || addsSpace || stepsOf(step).some(({ add_prefix_space: adds }) => adds === true)) return preTokenizer
  return { type: 'Sequence', pretokenizers: stepsOf(step).flatMap(spelled) }
}

function spelled(step: Step): Step[] {
  if (step.type === 'Digits') return [split(step.individual_digits === true ? '\\p{N}' : '\\p{N}+')]
  if (step.type === 'ByteLevel' && step.use_regex !== false) return [split(wordsOfGpt2), { ...step, use_regex: false }]
  return [step]
}

function split(regex: string): Step {
  return { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false }
}

/** The steps of a sequence in its order; a single step is a sequence of one. */
export function stepsOf(step: unknown): Step[] {
  if (!isRecord(step)) return []
  if (step.type !== 'Sequence') return [step]
  const { pretokenizers, normalizers } = step
  const steps: unknown[] = [pretokenizers ?? normalizers ?? []].flat()
  return steps.flatMap(stepsOf)
}
