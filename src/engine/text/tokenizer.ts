// A model's tokenizer.json: text to ids, with the special tokens that its post-processor adds by default.
import { join } from 'node:path'
import { readIfThere } from '../checkpoint/regularFile.ts'
import { EngineError, throwIfCancelled } from '../errors.ts'
import { safeCuts } from './safeCuts.ts'
import { type ChatMessage, type ChatTemplate, readChatTemplate, tokenText } from './chatTemplate.ts'
import type { RenderedChat } from './renderChat.ts'
import { startTokenizer, type TokenizerThread } from './tokenizerThread.ts'

export interface Tokenizer {
  /** Ids of one document by tokenizer.json alone (transformers rebuilds a few of its classes differently). It runs in a thread. */
  encode(text: string | AsyncIterable<string>, options?: EncodeOptions): Promise<Int32Array>
  /** The text of ids, without special tokens. */
  decode(ids: readonly number[], signal?: AbortSignal): Promise<string>
  /** A conversation as the model's chat template writes it, special tokens included. @throws EngineError 'bad-data' where the model has no template. */
  chat(messages: readonly ChatMessage[], options: ChatOptions): Promise<RenderedChat>
  /** The beginning-of-text and end-of-text tokens of tokenizer_config.json; null where it names none. */
  readonly marks: { readonly begin: string | null; readonly end: string | null }
  close(): Promise<void>
}

interface EncodeOptions {
  readonly signal?: AbortSignal
  /** Number of ids that are enough: text after them may be left out. */
  readonly enough?: number
  /** false leaves out the special tokens that the post-processor adds. */
  readonly special?: boolean
}

interface ChatOptions {
  /** Place of the conversation, for error messages. */
  readonly where: string
  /** Whether the text ends with what opens an answer. Default: false. */
  readonly reply?: boolean
  /** Whether the assistant's parts are wanted. Default: false. */
  readonly parts?: boolean
  readonly signal?: AbortSignal
}

const maxTokenizerBytes = 256 * 2 ** 20

/** Characters encoded at a time: about a tenth of a second's work. */
const pieceLength = 1 << 15

/** Most characters of a text that cannot be cut. */
const maxWholeLength = 2 ** 26

/** Most ids of one text: a gigabyte of them. */
export const maxIds = 2 ** 28

/**
 * `limitMs` is the time limit of one piece of text.
 * @throws EngineError 'bad-data' when the folder has no tokenizer.json, 'bad-config' when the file cannot be used.
 */
export async function openTokenizer(
  folder: string,
  { signal, limitMs }: { signal?: AbortSignal; limitMs?: number } = {},
): Promise<Tokenizer> {
  const path = join(folder, 'tokenizer.json')
  const tokenizer = await readIfThere(path, maxTokenizerBytes, 'bad-config')
  if (tokenizer === null) {
    throw new EngineError(
      'bad-data',
      `${folder} has no tokenizer.json, which text data needs; copy it from the model, or give token ids in a .safetensors file`,
    )
  }
  const config = await readIfThere(join(folder, 'tokenizer_config.json'), maxTokenizerBytes, 'bad-config')
  const thread = await startTokenizer({ path, tokenizer, config }, limitMs, signal)
  let template: Promise<ChatTemplate | null> | undefined
  return {
    async chat(messages, { where, reply = false, parts = false, signal }) {
      const own = await (template ??= readChatTemplate(folder))
      if (own === null) throw noTemplate(folder, where)
      return thread.chat({ template: own, messages, where, reply, parts }, signal)
    },
    marks: { begin: markOf(config, 'bos_token'), end: markOf(config, 'eos_token') },
    encode: (text, options = {}) => encode(thread, path, typeof text === 'string' ? [text] : text, options),
    decode: (ids, signal) => thread.decode(ids, signal),
    close: () => thread.close(),
  }
}

function markOf(config: string | null, key: string): string | null {
  return config === null ? null : tokenText((JSON.parse(config) as Record<string, unknown>)[key])
}

function noTemplate(folder: string, where: string): EngineError {
  return new EngineError(
    'bad-data',
    `${where} is a conversation, but the model ${folder} has no chat template (chat_template.jinja, or chat_template in tokenizer_config.json); copy it from the instruct model that this one was made from, or give plain text`,
  )
}

/** Encodes a short text, or one that cannot be cut, at once; else piece by piece, with the special tokens added at the end. */
async function encode(
  thread: TokenizerThread,
  path: string,
  texts: Iterable<string> | AsyncIterable<string>,
  { signal, enough = Infinity, special = true }: EncodeOptions,
): Promise<Int32Array> {
  const pieces = new Pieces(path)
  let rest = ''
  let worthCutting = pieceLength
  for await (const text of texts) {
    throwIfCancelled(signal)
    rest += text
    if (rest.length > worthCutting && thread.cuts !== null) {
      const cuts = safeCuts(rest, thread.cuts, pieceLength)
      // A text without a place to cut is searched again only when it has doubled.
      worthCutting = cuts.length > 0 ? pieceLength : 2 * rest.length
      let start = 0
      for (const end of cuts) {
        pieces.add(await thread.encode({ text: rest.slice(start, end), special: false }, signal))
        start = end
        if (pieces.length >= enough) break
      }
      rest = rest.slice(start)
    }
    if (pieces.length >= enough) break
    if (rest.length > maxWholeLength) throw tooLongToTokenise(path, thread)
  }
  if (pieces.none) return thread.encode({ text: rest, special }, signal)
  if (pieces.length < enough) pieces.add(await thread.encode({ text: rest, special: false }, signal))
  if (!special) return pieces.between(new Int32Array(0), new Int32Array(0))
  // The special tokens around a document do not depend on it, so they are taken from a short one.
  const probe = await thread.encode({ text: 'a', special: true }, signal)
  const bare = await thread.encode({ text: 'a', special: false }, signal)
  const before = probe.findIndex((_, i) => bare.every((id, j) => probe[i + j] === id))
  return pieces.between(probe.subarray(0, before), probe.subarray(before + bare.length))
}

function tooLongToTokenise(path: string, { cuts }: TokenizerThread): EngineError {
  const why =
    cuts === null
      ? `this tokenizer encodes a text as a whole, and the limit is ${maxWholeLength} characters`
      : `more than ${maxWholeLength} characters have no letter before a space or a line break, so the text cannot be cut into pieces`
  return new EngineError('bad-data', `${path}: ${why}; use less data`)
}

class Pieces {
  private readonly path: string
  private readonly list: Int32Array[] = []
  length = 0

  get none(): boolean {
    return this.list.length === 0
  }

  constructor(path: string) {
    this.path = path
  }

  add(ids: Int32Array): void {
    this.list.push(ids)
    this.length += ids.length
    if (this.length > maxIds)
      throw new EngineError('bad-data', `${this.path}: the text has more than ${maxIds} tokens; use less data`)
  }

  between(before: Int32Array, after: Int32Array): Int32Array {
    const ids = new Int32Array(before.length + this.length + after.length)
    let at = 0
    for (const piece of [before, ...this.list, after]) {
      ids.set(piece, at)
      at += piece.length
    }
    return ids
  }
}

/** Ids that the embedding has no row for would read past its end. @throws EngineError 'bad-data'. */
export function checkIds(ids: Int32Array, vocabSize: number, path: string): void {
  const at = ids.findIndex((id) => id < 0 || id >= vocabSize)
  if (at < 0) return
  throw new EngineError(
    'bad-data',
    `${path}: id ${ids[at]} at position ${at}, but the model knows 0 to ${vocabSize - 1}; are the ids or the tokenizer another model's?`,
  )
}
