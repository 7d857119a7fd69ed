// Generates text after a prompt, with the tokenizer and the stop tokens of the model's folder.
import { join } from 'node:path'
import type { Decoder } from '../model/decoder.ts'
import { openTokenizer, type Tokenizer } from '../text/tokenizer.ts'
import { type GenerateOptions, generateTokens, likeliestTokens, type NextToken } from './generateTokens.ts'
import { jsonObject, readIfThere } from '../checkpoint/regularFile.ts'
import { textModelOf } from '../../catalog/families/textModel.ts'
import { fieldsOf } from '../../catalog/formats/json.ts'

interface StreamOptions extends Omit<GenerateOptions, 'stop'> {
  /** Number of alternatives, the likeliest tokens, given with each token. Default: 0. */
  readonly alternatives?: number
}

interface TextOptions extends StreamOptions {
  /** false: the prompt is rendered by a chat template, which has put special tokens around it. Default: true. */
  readonly special?: boolean
  /** Called with the next piece of text as soon as it can no longer change. */
  readonly onText?: (piece: string) => void
}

/** A token of a text with its log-probability and alternatives. */
export interface TextToken extends NextToken {
  /** The text that can no longer change with this token; '' for half a character and for a stop token. */
  readonly piece: string
  /** The likeliest tokens, most likely first. */
  readonly alternatives: readonly Alternative[]
}

interface Alternative {
  readonly id: number
  /** Text that the token would add here. */
  readonly piece: string
  /** Natural logarithm. */
  readonly logProbability: number
}

interface Generated {
  readonly text: string
  /** The new ids, the stop token included. */
  readonly tokens: readonly number[]
  /** UTF-16 units of the text that can no longer change, after each token. */
  readonly ends: readonly number[]
  readonly promptTokens: number
  /** Seconds of all tokens, and of those after the first, which come one at a time. */
  readonly seconds: number
  readonly decodeSeconds: number
}

export interface TextGenerator {
  /** `special`: with the special tokens that the tokenizer puts around a text. Default: true. */
  encode(prompt: string, signal?: AbortSignal, special?: boolean): Promise<Int32Array<ArrayBuffer>>
  /** Yields tokens as they come. Returns the rest of a text that ends in half a character. */
  stream(prompt: Int32Array<ArrayBuffer>, options: StreamOptions): AsyncGenerator<TextToken, string>
  generate(prompt: string, options: TextOptions): Promise<Generated>
  close(): Promise<void>
}

/** `opened` is the folder's tokenizer, which the caller closes. @throws EngineError when the folder has no usable tokenizer. */
export async function openTextGenerator(
  decoder: Decoder,
  signal?: AbortSignal,
  opened?: Tokenizer,
): Promise<TextGenerator> {
  const { checkpoint } = decoder.model
  const stop = await stopTokens(checkpoint.folder, checkpoint.config)
  const tokenizer = opened ?? (await openTokenizer(checkpoint.folder, { signal }))
  const encode = async (prompt: string, cancel?: AbortSignal, special?: boolean) =>
    Int32Array.from(await tokenizer.encode(prompt, { signal: cancel, special }))
  const stream = (prompt: Int32Array<ArrayBuffer>, options: StreamOptions) =>
    streamText(decoder, tokenizer, prompt, { ...options, stop })
  return {
    encode,
    stream,
    generate: async (prompt, options) =>
      collect(stream, await encode(prompt, options.signal, options.special), options),
    close: async () => (opened ? undefined : tokenizer.close()),
  }
}

/** If a token takes at most this many ms, its text is decoded while the model computes the next token, and is yielded after that. */
const soonMs = 40

async function* streamText(
  decoder: Decoder,
  tokenizer: Tokenizer,
  prompt: Int32Array<ArrayBuffer>,
  { alternatives: count = 0, ...options }: StreamOptions & GenerateOptions,
): AsyncGenerator<TextToken, string> {
  const stream = await TextStream.after(tokenizer, prompt)
  const tokenText = async (token: NextToken): Promise<TextToken> => {
    const likely = count > 0 ? likeliestTokens(token.logits, count) : []
    const alternatives: Alternative[] = []
    for (const one of likely) alternatives.push({ ...one, piece: await stream.peek(one.id) })
    return { ...token, piece: options.stop.has(token.id) ? '' : await stream.add(token.id), alternatives }
  }
  const tokens = generateTokens(decoder, prompt, options)
  try {
    let begun = performance.now()
    let next = await tokens.next()
    while (!next.done) {
      const text = tokenText(next.value)
      const slow = performance.now() - begun > soonMs
      if (slow) yield await text
      begun = performance.now()
      const following = tokens.next()
      // An error of the next token is thrown after this one has been given out.
      await Promise.allSettled([following, text])
      if (!slow) yield await text
      next = await following
    }
    return await stream.end()
  } finally {
    await tokens.return(undefined)
  }
}

async function collect(
  stream: TextGenerator['stream'],
  prompt: Int32Array<ArrayBuffer>,
  options: TextOptions,
): Promise<Generated> {
  const began = performance.now()
  let first = began
  const tokens: number[] = []
  const ends: number[] = []
  let text = ''
  const say = (piece: string) => {
    text += piece
    if (piece !== '') options.onText?.(piece)
  }
  const made = stream(prompt, options)
  let next = await made.next()
  for (; !next.done; next = await made.next()) {
    const { id, piece } = next.value
    if (tokens.push(id) === 1) first = performance.now()
    say(piece)
    ends.push(text.length)
  }
  const now = performance.now()
  say(next.value)
  // Text that was held back belongs to the last token.
  if (ends.length > 0) ends[ends.length - 1] = text.length
  const seconds = (now - began) / 1000
  return { text, tokens, ends, promptTokens: prompt.length, seconds, decodeSeconds: (now - first) / 1000 }
}

/** Number of prompt tokens decoded before the text, so that its first word keeps its space. */
const contextTokens = 8
/** Number of tokens after which text that was given out is not decoded again. */
const lineTokens = 64

/**
 * Turns ids into text as they come. A token may be half a character, and its leading space may depend on the text before it, so a
 * piece is returned only when it can no longer change.
 */
export class TextStream {
  readonly #tokenizer: Tokenizer
  #ids: number[]
  #said: number

  private constructor(tokenizer: Tokenizer, ids: number[], said: number) {
    this.#tokenizer = tokenizer
    this.#ids = ids
    this.#said = said
  }

  static async after(tokenizer: Tokenizer, prompt: Int32Array): Promise<TextStream> {
    const context = Array.from(prompt.subarray(Math.max(0, prompt.length - contextTokens)))
    return new TextStream(tokenizer, context, (await tokenizer.decode(context)).length)
  }

  /** Adds an id; returns the text that can no longer change, '' for half a character. */
  async add(id: number): Promise<string> {
    this.#ids.push(id)
    const text = await this.#tokenizer.decode(this.#ids)
    if (text.endsWith('\ufffd')) return ''
    const piece = text.slice(this.#said)
    this.#said = text.length
    if (this.#ids.length > lineTokens) {
      this.#ids = this.#ids.slice(-contextTokens)
      this.#said = (await this.#tokenizer.decode(this.#ids)).length
    }
    return piece
  }

  /** Text that an id would add in this place; the stream does not change. */
  async peek(id: number): Promise<string> {
    return (await this.#tokenizer.decode([...this.#ids, id])).slice(this.#said)
  }

  /** Returns the text that was held back. */
  async end(): Promise<string> {
    return (await this.#tokenizer.decode(this.#ids)).slice(this.#said)
  }
}

const maxBytes = 2 ** 20

/**
 * Tokens that end a text: eos_token_id of generation_config.json, else of config.json; one id or a list of them.
 * @throws EngineError 'bad-config' when generation_config.json exists but is not JSON.
 */
export async function stopTokens(folder: string, config: unknown): Promise<ReadonlySet<number>> {
  const path = join(folder, 'generation_config.json')
  const text = await readIfThere(path, maxBytes, 'bad-config')
  const settings = text === null ? null : jsonObject(text, path, 'get it again or remove it')
  return new Set(idsOf(settings) ?? idsOf(textPart(config)) ?? [])
}

/** The settings of the text model, which may be a part of the whole; null where the value is no configuration. */
function textPart(config: unknown): unknown {
  try {
    return textModelOf(config).config
  } catch {
    return null
  }
}

function idsOf(settings: unknown): number[] | null {
  const ids: unknown[] = [fieldsOf(settings).eos_token_id].flat()
  const whole = ids.filter((id): id is number => Number.isInteger(id))
  return whole.length > 0 ? whole : null
}
