// The steps of a tokenizer.json, rewritten where the library needs it to match transformers; unsupported steps are refused.
//
// Normalizers: by itself the library strips what JavaScript counts as white space, lower-cases a final sigma by context, replaces
// `$&` in a replacement by the match, and does not find Chinese characters above U+FFFF.
import { fieldsOf, isRecord } from '../../catalog/formats/json.ts'
import { type TokenizerStep as Step, stepsOf, wordsOfGpt2 } from '../../catalog/formats/tokenizerJson.ts'
import { EngineError } from '../errors.ts'

/** Returns tokenizer.json's normalizer, rewritten for the library. */
export function spelledNormalizer(normalizer: unknown): unknown {
  return isRecord(normalizer)
    ? { type: 'Sequence', normalizers: stepsOf(normalizer).flatMap(normalizerSteps) }
    : normalizer
}

/** Returns tokenizer.json's decoder, with replacements that the library takes literally. */
export function spelledDecoder(decoder: unknown): unknown {
  if (!isRecord(decoder)) return decoder
  const { decoders } = decoder
  return Array.isArray(decoders)
    ? { ...decoder, decoders: decoders.map((step: unknown) => (isRecord(step) ? literal(step) : step)) }
    : literal(decoder)
}

/** Rust lower-cases each character by itself; JavaScript turns a Σ at the end of a word into a final sigma. */
const lowerSigma: Step = { type: 'Replace', pattern: { String: 'Σ' }, content: 'σ' }

/** The ranges of BERT's Chinese characters above U+FFFF, each put between spaces. */
const spacedChinese: Step = {
  type: 'Replace',
  pattern: {
    Regex: String.raw`[\x{20000}-\x{2a6df}\x{2a700}-\x{2b81f}\x{2b920}-\x{2ceaf}\x{2f800}-\x{2fa1f}]`,
  },
  content: ' $& ',
}

function normalizerSteps(step: Step): Step[] {
  switch (step.type) {
    case 'Lowercase':
      return [lowerSigma, step]
    case 'BertNormalizer':
      return [
        ...(step.handle_chinese_chars === true ? [spacedChinese] : []),
        ...(step.lowercase === true ? [lowerSigma] : []),
        step,
      ]
    case 'Strip':
      return [
        ...(step.strip_left === true ? [removed(String.raw`\A\p{White_Space}+`)] : []),
        ...(step.strip_right === true ? [removed(String.raw`(?<!\p{White_Space})\p{White_Space}+\z`)] : []),
      ]
    default:
      return [literal(step)]
  }
}

function removed(Regex: string): Step {
  return { type: 'Replace', pattern: { Regex }, content: '' }
}

/** In a JavaScript replacement, `$$` stands for `$`. */
function literal(step: Step): Step {
  const { type, content } = step
  return type === 'Replace' && typeof content === 'string'
    ? { ...step, content: content.replaceAll('$', '$$$$') }
    : step
}

// Pre-tokenizers: the library's Digits and Whitespace are ASCII only. All but its Split use JavaScript's `\s`: with U+FEFF, without U+0085.

/**
 * Returns tokenizer.json's pre_tokenizer, rewritten for the library. Digits and ByteLevel stay as they are where a step or `addsSpace`
 * puts a space before the text, since that must happen before any split.
 */
export function spelledOut(preTokenizer: unknown, addsSpace: boolean): unknown {
  const step = isRecord(preTokenizer) ? preTokenizer : null
  if (!step) return preTokenizer
  const steps = stepsOf(step).map(wordsOf)
  if (addsSpace || steps.some(({ add_prefix_space: adds }) => adds === true))
    return { type: 'Sequence', pretokenizers: steps }
  return { type: 'Sequence', pretokenizers: steps.flatMap(preTokenizerSteps) }
}

/** `\w` of Rust's expressions, inside brackets. */
const letters = String.raw`\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}`
const bertSigns = String.raw`\p{P}!-/:-@\[-\x60\{-~`

/** Rewrites a step that drops the space between words as a Split by the expression of the words; returns other steps as they are. */
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

function preTokenizerSteps(step: Step): Step[] {
  if (step.type === 'Digits') return [split(step.individual_digits === true ? '\\p{N}' : '\\p{N}+')]
  if (step.type === 'ByteLevel' && step.use_regex !== false) return [split(wordsOfGpt2), { ...step, use_regex: false }]
  return [step]
}

function split(regex: string): Step {
  return { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false }
}

// Refuses parts that the library leaves out or computes differently: wrong ids still give plausible numbers.

type Part = Readonly<Record<string, unknown>>

/** The problem with a definition, as the end of "tokenizer.json …"; null: no problem. */
function problemOf(definition: Part): string | null {
  const model = fieldsOf(definition.model)
  const normalizers = stepsOf(definition.normalizer)
  const splits = stepsOf(definition.pre_tokenizer)
  const added = [definition.added_tokens ?? []].flat().map(fieldsOf)
  const has = (steps: readonly Part[], is: (step: Part) => boolean) => steps.some(is)
  // The library has byte fallback for BPE only, and would make <unk> of every character outside the vocabulary.
  if (model.type === 'Unigram' && model.byte_fallback === true) return 'is a Unigram model with byte_fallback'
  if (model.type === 'BPE' && model.continuing_subword_prefix) return 'is a BPE model with continuing_subword_prefix'
  if (model.type === 'BPE' && model.end_of_word_suffix) return 'is a BPE model with end_of_word_suffix'
  if (has(normalizers, ({ type }) => type === 'Precompiled')) return 'has a Precompiled normalizer'
  if (has(splits, ({ type }) => type === 'Punctuation')) return 'splits by Punctuation'
  if (has(splits, splitsOtherwise))
    return 'has a Split of a behaviour other than to isolate, to remove by an expression or to join a text to what is before it'
  if (model.type === 'BPE' && has(splits, ({ type, split }) => type === 'Metaspace' && split !== false))
    return 'is a BPE model whose Metaspace splits'
  // transformers puts this prefix only at offset 0 of the text before it is stripped.
  const stripsLeft = has(normalizers, ({ type, strip_left: left }) => type === 'Strip' && left === true)
  if (stripsLeft && has(splits, ({ type, prepend_scheme: scheme }) => type === 'Metaspace' && scheme === 'first'))
    return 'strips text on the left before a Metaspace that puts its prefix before the first word only'
  if (has(added, ({ single_word: alone }) => alone === true))
    return 'has an added token that is found as a single word only'
  return null
}

/** @throws EngineError 'bad-config'. */
export function refuseTokenizer(definition: Part, path: string): void {
  const problem = problemOf(definition)
  if (problem === null) return
  throw new EngineError(
    'bad-config',
    `${path} ${problem}, which cannot be computed here as transformers does: make token ids with transformers, and give them in a .safetensors file`,
  )
}

/** Whether the library's Split differs from the package tokenizers, found by comparing each behaviour on random texts. */
function splitsOtherwise({ type, behavior, pattern, invert }: Part): boolean {
  if (type !== 'Split') return false
  const ofText = 'String' in fieldsOf(pattern)
  if (behavior === 'Removed') return ofText
  if (invert === true) return true
  return behavior === 'MergedWithNext' || behavior === 'Contiguous' || (behavior === 'MergedWithPrevious' && !ofText)
}
