// A prompt to a text, with what the folder of the model says about its tokenizer and its stop tokens.
import type { Decoder } from '../model/decoder.ts'
import { openTokenizer, type Tokenizer } from '../text/tokenizer.ts'
import { generateTokens, type GenerateOptions } from './generateTokens.ts'
import { stopTokens } from './stopTokens.ts'
import { TextStream } from './textStream.ts'

export interface TextOptions extends Omit<GenerateOptions, 'stop'> {
  /** The next piece of text, as soon as it is settled. */
  readonly onText?: (piece: string) => void
}

export interface Generated {
  readonly text: string
  /** The new ids, the stop token included. */
  readonly tokens: readonly number[]
  readonly promptTokens: number
  /** Of all, and of the tokens after the first: those that come one at a time. */
  readonly seconds: number
  readonly decodeSeconds: number
}

export interface TextGenerator {
  generate(prompt: string, options: TextOptions): Promise<Generated>
  close(): Promise<void>
}

/** @throws EngineError when the folder has no tokenizer that can be used. */
export async function openTextGenerator(decoder: Decoder, signal?: AbortSignal): Promise<TextGenerator> {
  const { checkpoint } = decoder.model
  const stop = await stopTokens(checkpoint.folder, checkpoint.config)
  const tokenizer = await openTokenizer(checkpoint.folder, { signal })
  return {
    generate: (prompt, options) => generate(decoder, tokenizer, prompt, { ...options, stop }),
    close: () => tokenizer.close(),
  }
}

async function generate(
  decoder: Decoder,
  tokenizer: Tokenizer,
  prompt: string,
  options: TextOptions & GenerateOptions,
): Promise<Generated> {
  const ids = Int32Array.from(await tokenizer.encode(prompt, { signal: options.signal }))
  const stream = await TextStream.after(tokenizer, ids)
  const began = performance.now()
  let first = began
  const tokens: number[] = []
  let text = ''
  const say = (piece: string) => {
    text += piece
    if (piece !== '') options.onText?.(piece)
  }
  for await (const id of generateTokens(decoder, ids, options)) {
    tokens.push(id)
    if (tokens.length === 1) first = performance.now()
    if (!options.stop.has(id)) say(await stream.add(id))
  }
  const now = performance.now()
  say(await stream.end())
  return { text, tokens, promptTokens: ids.length, seconds: (now - began) / 1000, decodeSeconds: (now - first) / 1000 }
}
