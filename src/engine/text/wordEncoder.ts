// What the tokenizer's thread does: a tokenizer.json and a piece of text to ids.
import { Tokenizer } from '@huggingface/tokenizers'
import { EngineError } from '../errors.ts'
import { isSafeToCut } from './safeCuts.ts'

type Definition = Readonly<Record<string, unknown>>

export interface TokenizerFiles {
  /** Of tokenizer.json, for messages. */
  readonly path: string
  readonly tokenizer: string
  /** tokenizer_config.json, null when there is none. */
  readonly config: string | null
}

export interface WordEncoder {
  /** Whether a long text may be encoded in pieces. */
  readonly cuttable: boolean
  /** Ids of a piece; `special`: with what the post-processor puts around a document. @throws EngineError 'bad-config'. */
  encode(text: string, special: boolean): Int32Array<ArrayBuffer>
  /** The text of ids, special tokens left out. @throws EngineError 'bad-config'. */
  decode(ids: readonly number[]): string
}

/** @throws EngineError 'bad-config'. */
export function createWordEncoder({ path, tokenizer: text, config }: TokenizerFiles): WordEncoder {
  const settings = config === null ? {} : parse(config, path.replace(/\.json$/, '_config.json'))
  const definition = parse(text, path)
  refuseByteFallback(definition, path)
  const added = definition.added_tokens ?? []
  const tokenizer = usable(path, () => new Tokenizer({ ...definition, added_tokens: added }, settings))
  return {
    decode: (ids) =>
      usable(path, () => (ids.length === 0 ? '' : tokenizer.decode([...ids], { skip_special_tokens: true }))),
    cuttable: isSafeToCut(definition),
    encode(text, special) {
      const { ids, tokens } = usable(path, () => tokenizer.encode(text, { add_special_tokens: special }))
      const unknown = ids.findIndex((id) => !Number.isInteger(id) || id < 0)
      if (unknown < 0) return Int32Array.from(ids)
      throw new EngineError(
        'bad-config',
        `${path} has no id for the token ${JSON.stringify(tokens[unknown])}; is it from another model?`,
      )
    },
  }
}

/** The library has it for BPE only, and would make <unk> of every sign that is not in the vocabulary. */
function refuseByteFallback({ model }: Definition, path: string): void {
  const { type, byte_fallback: falls } =
    ((typeof model === 'object' ? model : null) as { type?: string; byte_fallback?: boolean }) ?? {}
  if (type === 'Unigram' && falls === true)
    throw new EngineError(
      'bad-config',
      `${path} is a Unigram model with byte_fallback, which cannot be computed here as transformers does: make token ids with transformers, and give them in a .safetensors file`,
    )
}

function parse(text: string, path: string): Definition {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Definition
    throw new SyntaxError('not an object')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new EngineError('bad-config', `${path} is not a JSON object (${reason}); get it again`)
  }
}

/** The library trusts its files. */
function usable<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new EngineError('bad-config', `${path} cannot be used (${reason}); save it with a current transformers`)
  }
}
