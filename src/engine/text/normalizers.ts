// Steps that change text before it is split, put so that the library changes it as the tokenizers of transformers do. By itself it
// strips what JavaScript takes for space, lower-cases a final sigma by context, takes `$&` in a replacement for the match, and does
// not find Chinese characters above U+FFFF.
import { isRecord } from '../../catalog/formats/json.ts'
import { stepsOf, type TokenizerStep as Step } from '../../catalog/formats/tokenizerJson.ts'

/** Returns tokenizer.json's normalizer. */
export function spelledNormalizer(normalizer: unknown): unknown {
  return isRecord(normalizer) ? { type: 'Sequence', normalizers: stepsOf(normalizer).flatMap(spelled) } : normalizer
}

/** Returns tokenizer.json's decoder, whose replacements are text. */
export function spelledDecoder(decoder: unknown): unknown {
  if (!isRecord(decoder)) return decoder
  const { decoders } = decoder
  return Array.isArray(decoders)
    ? { ...decoder, decoders: decoders.map((step: unknown) => (isRecord(step) ? literal(step) : step)) }
    : literal(decoder)
}

/** Rust lower-cases each character by itself; JavaScript makes a final sigma of one at the end of a word. */
const lowerSigma: Step = { type: 'Replace', pattern: { String: 'Σ' }, content: 'σ' }

/** The ranges of BERT's Chinese characters above U+FFFF, each put between spaces. */
const spacedChinese: Step = {
  type: 'Replace',
  pattern: {
    Regex: String.raw`[\x{20000}-\x{2a6df}\x{2a700}-\x{2b81f}\x{2b920}-\x{2ceaf}\x{2f800}-\x{2fa1f}]`,
  },
  content: ' $& ',
}

function spelled(step: Step): Step[] {
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

/** `$$` is a `$` in a replacement of JavaScript. */
function literal(step: Step): Step {
  const { type, content } = step
  return type === 'Replace' && typeof content === 'string'
    ? { ...step, content: content.replaceAll('$', '$$$$') }
    : step
}
