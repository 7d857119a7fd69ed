// Steps that split text into words, put so that the library splits as the tokenizers of transformers do: its own Digits and
// Whitespace know ASCII only, and the others take `\s` as JavaScript does, which has U+FEFF and lacks U+0085. Its Split does not.
import { isRecord } from '../../catalog/formats/json.ts'
import { stepsOf, wordsOfGpt2, type TokenizerStep as Step } from '../../catalog/formats/tokenizerJson.ts'

/**
 * Returns tokenizer.json's pre_tokenizer. Its Digits and ByteLevel stay as they are where a step or `addsSpace` puts a space before
 * the text, which must come before any split.
 */
export function spelledOut(preTokenizer: unknown, addsSpace: boolean): unknown {
  const step = isRecord(preTokenizer) ? preTokenizer : null
  if (!step) return preTokenizer
  const steps = stepsOf(step).map(wordsOf)
  if (addsSpace || steps.some(({ add_prefix_space: adds }) => adds === true))
    return { type: 'Sequence', pretokenizers: steps }
  return { type: 'Sequence', pretokenizers: steps.flatMap(spelled) }
}

/** `\w` of Rust's expressions, inside brackets. */
const letters = String.raw`\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}`
const bertSigns = String.raw`\p{P}!-/:-@\[-\x60\{-~`

/** A step that leaves out the space between words, as the expression of its words; any other step as it is. */
function wordsOf(step: Step): Step {
  const words = (regex: string): Step => ({ ...split(regex), behavior: 'Removed', invert: true })
  switch (step.type) {
    case 'Whitespace':
      return words(String.raw`[${letters}]+|[^${letters}\p{White_Space}]+`)
    case 'WhitespaceSplit':
      return words(String.raw`\P{White_Space}+`)
    case 'BertPreTokenizer':
      return words(String.raw`[^\p{White_Space}${bertSigns}]+|[${bertSigns}]`)
    default:
      return step
  }
}

function spelled(step: Step): Step[] {
  if (step.type === 'Digits') return [split(step.individual_digits === true ? '\\p{N}' : '\\p{N}+')]
  if (step.type === 'ByteLevel' && step.use_regex !== false) return [split(wordsOfGpt2), { ...step, use_regex: false }]
  return [step]
}

function split(regex: string): Step {
  return { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false }
}
