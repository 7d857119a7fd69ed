// Steps that split text into words, put so that the library splits as the tokenizers of transformers do: its own Digits know the
// ten ASCII ones only, and its own ByteLevel takes `\s` as JavaScript does, which has U+FEFF and lacks U+0085. Its Split does not.
import { isRecord } from '../../shared/format/records.ts'
import { stepsOf, wordsOfGpt2, type TokenizerStep as Step } from '../../shared/format/tokenizerSteps.ts'

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
