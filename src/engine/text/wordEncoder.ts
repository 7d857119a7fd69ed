// Runs in the tokenizer's thread: text to ids by a tokenizer.json, and back.
import { Tokenizer } from '@huggingface/tokenizers'
import { jsonObject } from '../checkpoint/regularFile.ts'
import { EngineError, messageOf } from '../errors.ts'
import { findAddedTokens, type AddedTokens } from './addedTokens.ts'
import { refuseTokenizer, spelledDecoder, spelledNormalizer, spelledOut } from './tokenizerSteps.ts'
import { cutExpression } from './safeCuts.ts'
import { fieldsOf } from '../../catalog/formats/json.ts'

/** Clean-up removes spaces before punctuation. This would change text that was already shown when tokens are decoded one by one. */
const asTheyAre = { skip_special_tokens: true, clean_up_tokenization_spaces: false }

export interface TokenizerFiles {
  /** Path of tokenizer.json, for error messages. */
  readonly path: string
  readonly tokenizer: string
  /** tokenizer_config.json, null when there is none. */
  readonly config: string | null
}

interface WordEncoder {
  /** Pattern of the places at which a long text may be cut to be encoded in pieces (`safeCuts`); null where it may not. */
  readonly cuts: string | null
  /** Ids of a piece; `special` adds the tokens that the post-processor puts around a text. @throws EngineError 'bad-config', 'bad-data'. */
  encode(text: string, special: boolean): Int32Array<ArrayBuffer>
  /** The text of ids, special tokens left out. @throws EngineError 'bad-config'. */
  decode(ids: readonly number[]): string
}

/** @throws EngineError 'bad-config'. */
export function createWordEncoder({ path, tokenizer: text, config }: TokenizerFiles): WordEncoder {
  const settings = config === null ? {} : jsonObject(config, path.replace(/\.json$/, '_config.json'))
  const definition = jsonObject(text, path)
  const { tokenizer, added } = usable(path, () => {
    refuseTokenizer(definition, path)
    const tokenizer = new Tokenizer(
      {
        ...definition,
        added_tokens: definition.added_tokens ?? [],
        normalizer: spelledNormalizer(definition.normalizer),
        pre_tokenizer: spelledOut(definition.pre_tokenizer, settings.add_prefix_space === true),
        decoder: spelledDecoder(definition.decoder),
      },
      settings,
    )
    const listed = [definition.added_tokens ?? []].flat().map(fieldsOf)
    return { tokenizer, added: findAddedTokens(listed, (text) => normalized(tokenizer, text)) }
  })
  return {
    decode: (ids) => usable(path, () => (ids.length === 0 ? '' : tokenizer.decode([...ids], asTheyAre))),
    cuts: cutExpression(definition),
    encode(text, special) {
      const tokens = usable(path, () => encodeBy(tokenizer, added, text, special, path))
      const ids = tokens.map((token) => tokenizer.token_to_id(token) ?? tokenizer.model?.unk_token_id ?? -1)
      const unknown = ids.findIndex((id) => !Number.isInteger(id) || id < 0)
      if (unknown < 0) return Int32Array.from(ids)
      throw new EngineError(
        'bad-config',
        `${path} has no id for the token ${JSON.stringify(tokens[unknown])}; is it from another model?`,
      )
    },
  }
}

function normalized({ normalizer }: Tokenizer, text: string): string {
  return normalizer ? normalizer(text) : text
}

/** Replaces the library's `encode`, which also finds tokens with `normalized: false` in text that equals them after normalization. */
function tokensOf(tokenizer: Tokenizer, added: AddedTokens, text: string): string[] {
  const { model, pre_tokenizer: splitter } = tokenizer
  return added.before(text).flatMap((section, i) => {
    if (section.isToken) return section.text
    return added.after(normalized(tokenizer, section.text)).flatMap((part, j) => {
      if (part.isToken) return part.text
      // Index 0 is the beginning of the text, where Metaspace may put its prefix.
      const words = splitter ? splitter(part.text, { section_index: i + j }) : [part.text]
      return model ? model(words) : words
    })
  })
}

function encodeBy(tokenizer: Tokenizer, added: AddedTokens, text: string, special: boolean, path: string): string[] {
  try {
    const tokens = tokensOf(tokenizer, added, text)
    return tokenizer.post_processor ? tokenizer.post_processor(tokens, null, special).tokens : tokens
  } catch (error) {
    // The library passes a word's ids as arguments, and a Unigram model's word is the whole text.
    if (!(error instanceof RangeError)) throw error
    throw new EngineError('bad-data', `${path} cannot encode a text of this length; split it into shorter documents`)
  }
}

/** Turns the library's errors into EngineErrors, since the library does not check its files. */
function usable<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof EngineError) throw error
    const reason = messageOf(error)
    throw new EngineError('bad-config', `${path} cannot be used (${reason}); save it with a current transformers`)
  }
}
