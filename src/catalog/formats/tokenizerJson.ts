// Reads a tokenizer.json: the steps that change a text and split it into words, and the kind of tokenizer that it is for llama.cpp.
import { fieldsOf, isRecord } from './json.ts'

export type TokenizerStep = Readonly<Record<string, unknown>>

/** GPT-2's regular expression, by which ByteLevel splits text. */
export const wordsOfGpt2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

/** The steps of a sequence in its order; a single step is a sequence of one. */
export function stepsOf(step: unknown): TokenizerStep[] {
  if (!isRecord(step)) return []
  if (step.type !== 'Sequence') return [step]
  const { pretokenizers, normalizers } = step
  const steps: unknown[] = [pretokenizers ?? normalizers ?? []].flat()
  return steps.flatMap(stepsOf)
}

// A GGUF file does not describe how text is split into words. It names one of the ways that llama.cpp implements.

type TokenizerKind =
  /** BPE over characters, with bytes for those that the vocabulary lacks and ▁ for spaces: that of the first LLaMA. */
  | { readonly kind: 'pieces'; readonly spaceFirst: boolean }
  /** BPE over bytes, and the name of its pre-tokenizer; null if llama.cpp has no name for it. */
  | { readonly kind: 'bytes'; readonly splits: string | null }

/** The tokenizer's kind for llama.cpp, or a sentence that says why there is none. */
export function tokenizerKind(definition: unknown): TokenizerKind | string {
  const { model, normalizer, pre_tokenizer: splitting, decoder } = fieldsOf(definition)
  const { type, byte_fallback: bytes } = fieldsOf(model)
  if (type === 'BPE' && bytes === true) return pieces(stepsOf(normalizer), stepsOf(splitting))
  const hasBytes = [splitting, decoder].flatMap(stepsOf).some((step) => step.type === 'ByteLevel')
  if (type !== 'BPE' || !hasBytes)
    return unknownTokenizer(`is (${String(type)}${hasBytes ? '' : ' without ByteLevel'})`)
  // llama.cpp normalises nothing; NFC changes few texts, and its converter lets it pass too.
  const odd = stepsOf(normalizer).find((step) => step.type !== 'NFC')
  return odd
    ? unknownTokenizer(`does to text (${String(odd.type)})`)
    : { kind: 'bytes', splits: nameBySplits(fieldsOf(definition)) }
}

export function unknownTokenizer(what: string): string {
  return `llama.cpp does not know what this tokenizer ${what}, so no GGUF file can be made of it`
}

function pieces(normalizers: readonly TokenizerStep[], splits: readonly TokenizerStep[]): TokenizerKind | string {
  const spaces = ({ type, pattern, content }: TokenizerStep) =>
    type === 'Replace' && fieldsOf(pattern).String === ' ' && content === '▁'
  const spaceFirst =
    normalizers.some(({ type, prepend }) => type === 'Prepend' && prepend === '▁') ||
    splits.some(
      ({ type, prepend_scheme: scheme, add_prefix_space: adds }) =>
        type === 'Metaspace' && (scheme === 'first' || scheme === 'always' || (scheme === undefined && adds !== false)),
    )
  const odd = normalizers.find((step) => step.type !== 'Prepend' && !spaces(step))
  const oddSplit = splits.find(
    ({ type, pattern }) => type !== 'Metaspace' && !(type === 'Split' && fieldsOf(pattern).String === ' '),
  )
  const step = odd ?? oddSplit
  return step ? unknownTokenizer(`does to text (${String(step.type)})`) : { kind: 'pieces', spaceFirst }
}

const digits = (many: string) =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}${many}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`

/** Splits, in order, as `wordSplits` writes them. `ignoresMerges`: words that are in the vocabulary are not merged. */
const bySplits: readonly { name: string; splits: readonly string[]; ignoresMerges: boolean }[] = [
  { name: 'gpt-2', splits: [wordsOfGpt2], ignoresMerges: false },
  { name: 'smollm', splits: ['\\p{N}', wordsOfGpt2], ignoresMerges: false },
  { name: 'qwen2', splits: [digits('')], ignoresMerges: false },
  { name: 'llama-bpe', splits: [digits('{1,3}')], ignoresMerges: true },
]

/** The name of a tokenizer.json's pre-tokenizer; null if llama.cpp has none. */
export function nameBySplits({ pre_tokenizer: steps, model }: TokenizerStep): string | null {
  const splits = wordSplits(steps)
  const ignores = isRecord(model) && model.ignore_merges === true
  const same = (known: readonly string[]) =>
    splits?.length === known.length && known.every((one, i) => one === splits[i])
  return bySplits.find(({ splits: known, ignoresMerges }) => ignoresMerges === ignores && same(known))?.name ?? null
}

/** Expressions by which text is split one after the other, or null for steps of another kind. */
function wordSplits(preTokenizer: unknown): string[] | null {
  const splits: string[] = []
  for (const { type, ...step } of stepsOf(preTokenizer)) {
    if (type === 'Digits') splits.push(step.individual_digits === true ? '\\p{N}' : '\\p{N}+')
    else if (type === 'Split') {
      const { pattern, behavior, invert } = step
      const regex = isRecord(pattern) ? pattern.Regex : undefined
      if (typeof regex !== 'string' || behavior !== 'Isolated' || invert === true) return null
      splits.push(regex)
    } else if (type === 'ByteLevel') {
      if (step.add_prefix_space === true) return null
      if (step.use_regex !== false) splits.push(wordsOfGpt2)
    } else return null
  }
  return splits
}
