// A prompt to a text, with what the folder of the model says about its tokenizer and its stop tokens.
import type { Decoder } from '../model/decoder.ts'
import { openTokenizer, type Tokenizer } from '../text/tokenizer.ts'
import { generateTokens, type GenerateOptions, type NextToken } from './generateTokens.ts'
import { likeliestTokens } from './logProbabilities.ts'
import { stopTokens } from './stopTokens.ts'
import { TextStream } from './textStream.ts'

export interface StreamOptions extends Omit<GenerateOptions, 'stop'> {
  /** So many of the likeliest tokens are told with each. Default: 0. */
  readonly alternatives?: number
}

export interface TextOptions extends StreamOptions {
  /** The next piece of text, as soon as it is settled. */
  readonly onText?: (piece: string) => void
}

/** A token of a text, and what it was picked by. */
export interface TextToken extends NextToken {
  /** The text that is settled with it; '' for half a character and for the end of the text. */
  readonly piece: string
  /** The likeliest, most likely first. */
  readonly alternatives: readonly Alternative[]
}

export interface Alternative {
  readonly id: number
  /** What the token adds to the text here. */
  readonly piece: string
  /** Natural. */
  readonly logProbability: number
}

export interface Generated {
  readonly text: string
  /** The new ids, the stop token included. */
  readonly tokens: readonly number[]
  /** UTF-16 units of the text that are settled with each token. */
  readonly ends: readonly number[]
  readonly promptTokens: number
  /** Of all, and of the tokens after the first: those that come one at a time. */
  readonly seconds: number
  readonly decodeSeconds: number
}

export interface TextGenerator {
  encode(prompt: string, signal?: AbortSignal): Promise<Int32Array<ArrayBuffer>>
  /** Token after token, as they come. Returns what is left of a text that ends in half a character. */
  stream(prompt: Int32Array<ArrayBuffer>, options: StreamOptions): AsyncGenerator<TextToken, string>
  generate(prompt: string, options: TextOptions): Promise<Generated>
  close(): Promise<void>
}

/** @throws EngineError when the folder has no tokenizer that can be used. */
export async function openTextGenerator(decoder: Decoder, signal?: AbortSignal): Promise<TextGenerator> {
  const { checkpoint } = decoder.model
  const stop = await stopTokens(checkpoint.folder, checkpoint.config)
  const tokenizer = await openTokenizer(checkpoint.folder, { signal })
  const encode = async (prompt: string, cancel?: AbortSignal) =>
    Int32Array.from(await tokenizer.encode(prompt, { signal: cancel }))
  const stream = (prompt: Int32Array<ArrayBuffer>, options: StreamOptions) =>
    streamText(decoder, tokenizer, prompt, { ...options, stop })
  return {
    encode,
    stream,
    generate: async (prompt, options) => collect(stream, await encode(prompt, options.signal), options),
    close: () => tokenizer.close(),
  }
}

/** A piece waits for the token after it where that comes so soon: the tokenizer's thread works on it meanwhile. */
const soonMs = 40

async function* streamText(
  decoder: Decoder,
  tokenizer: Tokenizer,
  prompt: Int32Array<ArrayBuffer>,
  { alternatives: count = 0, ...options }: StreamOptions & GenerateOptions,
): AsyncGenerator<TextToken, string> {
  const stream = await TextStream.after(tokenizer, prompt)
  const told = async (token: NextToken): Promise<TextToken> => {
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
      const text = told(next.value)
      const slow = performance.now() - begun > soonMs
      if (slow) yield await text
      begun = performance.now()
      const following = tokens.next()
      // What goes wrong with the next token is told after this one.
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
  // What was held back belongs to the last token.
  if (ends.length > 0) ends[ends.length - 1] = text.length
  const seconds = (now - began) / 1000
  return { text, tokens, ends, promptTokens: prompt.length, seconds, decodeSeconds: (now - first) / 1000 }
}
