// Data whose rows are conversations: a column with lists of messages, each with a role and content. The model's chat template turns a
// conversation into the text that is tokenised.
import { fieldsOf, isRecord } from '../../catalog/formats/json.ts'
import { EngineError } from '../errors.ts'
import { createRng, shuffle } from '../rng.ts'
import type { ChatMessage } from './chatTemplate.ts'
import { readRows } from './dataFile.ts'
import type { DrawOptions } from './drawWindows.ts'
import { jsonlRows } from './jsonlCorpus.ts'
import { openParquet } from './parquetFile.ts'
import type { Tokenizer } from './tokenizer.ts'

/** Whose tokens count in the loss: only the assistant's. Where it is not given, all tokens count. */
export type LossOn = 'assistant'

/** A column of a file. */
export interface Conversations {
  readonly path: string
  readonly column: string
}

export interface EncodedChat {
  readonly ids: Int32Array
  /** 1 for a token that counts in the loss; null where all tokens count. */
  readonly counts: Uint8Array | null
}

/** The conversations of a file; null where its rows are text. `field`: the column; default: `messages`, where there is no `text`. */
export async function openConversations(
  path: string,
  field: string | undefined,
  signal?: AbortSignal,
): Promise<Conversations | null> {
  const column = field ?? 'messages'
  const found = await columnsOf(path, signal)
  return found.lists.includes(column) && (field !== undefined || !found.texts.includes('text'))
    ? { path, column }
    : null
}

/** Columns of lists and of text, by the first row of .jsonl and the header of .parquet. */
async function columnsOf(path: string, signal?: AbortSignal): Promise<{ lists: string[]; texts: string[] }> {
  if (path.endsWith('.parquet')) {
    const file = await openParquet(path)
    await file.close()
    return { lists: [...file.nested], texts: file.columns.filter((name) => !file.nested.includes(name)) }
  }
  if (!/\.(jsonl|ndjson)(\.gz)?$/.test(path)) return { lists: [], texts: [] }
  for await (const { row } of jsonlRows(path, signal)) {
    const named = (is: (value: unknown) => boolean) => Object.keys(row).filter((name) => is(row[name]))
    return { lists: named(Array.isArray), texts: named((value) => typeof value === 'string') }
  }
  return { lists: [], texts: [] }
}

interface Conversation {
  readonly index: number
  readonly messages: readonly ChatMessage[]
  /** Its place in the file, for error messages. */
  readonly where: string
}

/** Conversations whose index is wanted (default: all), in file order. @throws EngineError 'bad-data' with the place of an invalid one. */
async function* conversationsIn(
  { path, column }: Conversations,
  signal?: AbortSignal,
  wanted?: ReadonlySet<number>,
): AsyncGenerator<Conversation> {
  let index = -1
  for await (const { row, where } of readRows(path, [[column]], signal)) {
    index++
    if (wanted && !wanted.has(index)) continue
    const value = path.endsWith('.parquet') ? plain(row[column]) : row[column]
    yield { index, messages: messagesOf(value, where, column), where }
  }
}

function messagesOf(value: unknown, where: string, column: string): ChatMessage[] {
  const isMessage = (one: unknown): one is ChatMessage => typeof fieldsOf(one).role === 'string'
  if (Array.isArray(value) && value.length > 0 && value.every(isMessage)) return value
  throw new EngineError(
    'bad-data',
    `${where}: "${column}" is not a conversation; write a list of {"role": "user", "content": …} and {"role": "assistant", "content": …}, or remove the row`,
  )
}

/** Removes keys with null, which Parquet has for keys that a message lacks, and turns bigints (64-bit integers) into numbers. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(plain)
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).flatMap(([key, one]) => (one == null ? [] : [[key, plain(one)]])))
}

interface EncodeOptions {
  readonly lossOn?: LossOn
  /** Most ids of one conversation that the caller uses. */
  readonly enough?: number
  readonly signal?: AbortSignal
}

/** All conversations in the file's order. @throws EngineError of the file, the template or the tokenizer. */
export async function* encodedChats(
  conversations: Conversations,
  tokenizer: Tokenizer,
  { lossOn, enough = Infinity, signal }: EncodeOptions,
): AsyncGenerator<EncodedChat> {
  for await (const { messages, where } of conversationsIn(conversations, signal)) {
    const { text, parts } = await tokenizer.chat(messages, { where, parts: lossOn !== undefined, signal })
    const ids = await tokenizer.encode(text, { special: false, signal })
    yield { ids, counts: lossOn ? await countsOf(tokenizer, text, parts, ids.subarray(0, enough), signal) : null }
  }
}

/** 1 for tokens in `parts`. A token that crosses an end of a part belongs to it, as in transformers' `return_assistant_tokens_mask`. */
async function countsOf(
  tokenizer: Tokenizer,
  text: string,
  parts: readonly (readonly [number, number])[],
  ids: Int32Array,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const counts = new Uint8Array(ids.length)
  /** Number of whole tokens before the character at `at`, and whether a token crosses this position. */
  const tokensBefore = async (at: number): Promise<[number, boolean]> => {
    const before = await tokenizer.encode(text.slice(0, at), { special: false, signal })
    const differs = before.findIndex((id, i) => ids[i] !== id)
    return differs < 0 ? [before.length, false] : [differs, true]
  }
  for (const [from, to] of parts) {
    const [start] = await tokensBefore(from)
    // This part and all later ones are beyond the ids.
    if (start >= ids.length) break
    const [end, isCut] = await tokensBefore(to)
    counts.fill(1, start, isCut ? end + 1 : end)
  }
  return counts
}

/** Most conversations that are held in memory at a time. */
const atOnce = 4096

/**
 * [samples, seqLen] ids for calibration, from conversations in a seeded random order. Each window begins with the start of a conversation;
 * the one that fills it is cut off. @throws EngineError 'bad-data' when there are too few.
 */
export async function drawChats(
  conversations: Conversations,
  tokenizer: Tokenizer,
  { samples, seqLen, seed, signal, onProgress }: DrawOptions,
): Promise<Int32Array> {
  let count = 0
  for await (const _ of conversationsIn(conversations, signal)) count++
  const order = shuffle([...Array(count).keys()], createRng(seed, 'calibration documents'))
  const out = new Int32Array(samples * seqLen)
  let filled = 0
  for (let start = 0; start < count && filled < out.length; start += atOnce) {
    const drawn = order.slice(start, start + atOnce)
    const found = new Map<number, Conversation>()
    for await (const one of conversationsIn(conversations, signal, new Set(drawn))) found.set(one.index, one)
    for (const index of drawn) {
      if (filled === out.length) break
      const chat = found.get(index)
      if (!chat) throw new EngineError('bad-data', `${conversations.path} changed while it was read; run again`)
      const { text } = await tokenizer.chat(chat.messages, { where: chat.where, signal })
      const ids = await tokenizer.encode(text, { special: false, signal })
      const room = seqLen - (filled % seqLen)
      out.set(ids.subarray(0, room), filled)
      filled += Math.min(ids.length, room)
      onProgress?.(Math.floor(filled / seqLen), samples)
    }
  }
  if (filled === out.length) return out
  throw new EngineError(
    'bad-data',
    `${conversations.path}: its ${count} conversations fill ${Math.floor(filled / seqLen)} windows of ${seqLen} tokens, ${samples} are needed; use more conversations, a smaller seq_len or fewer samples`,
  )
}
