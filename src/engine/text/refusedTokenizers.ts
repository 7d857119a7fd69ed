// Parts of a tokenizer.json that the library leaves out or computes otherwise than transformers are refused, since other ids than a
// model was trained on give numbers that look like any.
import { EngineError } from '../errors.ts'
import { stepsOf } from '../../catalog/formats/tokenizerJson.ts'
import { fieldsOf } from '../../catalog/formats/json.ts'

type Part = Readonly<Record<string, unknown>>

/** The problem with a definition, as the end of "tokenizer.json …"; null where there is none. */
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

/** Compared with the package tokenizers on random texts, behaviour by behaviour. */
function splitsOtherwise({ type, behavior, pattern, invert }: Part): boolean {
  if (type !== 'Split') return false
  const ofText = 'String' in fieldsOf(pattern)
  if (behavior === 'Removed') return ofText
  if (invert === true) return true
  return behavior === 'MergedWithNext' || behavior === 'Contiguous' || (behavior === 'MergedWithPrevious' && !ofText)
}
