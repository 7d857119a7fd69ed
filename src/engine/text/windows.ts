// Makes windows of token ids from data files: rows of one length, for calibration, retraining or evaluation (docs/methods.md, "Windows of tokens").
import {
  type Conversations,
  drawChats,
  type EncodedChat,
  encodedChats,
  type LossOn,
  openConversations,
} from './conversations.ts'
import type { Corpus } from './corpus.ts'
import { openCorpus } from './dataFile.ts'
import { drawWindows } from './drawWindows.ts'
import { openIdTensor, type IdTensor } from './idTensor.ts'
import { checkIds, maxIds, openTokenizer, type Tokenizer } from './tokenizer.ts'
import { EngineError } from '../errors.ts'

type Purpose = 'calibration' | 'retrain' | 'evaluate'

export interface WindowsRequest {
  /** .txt, .jsonl, .jsonl.gz, .parquet, or .safetensors with ids. */
  path: string
  /** Column of text (default 'text') or of conversations (default 'messages'), or the ids' tensor (default: the only integer one). */
  field?: string
  /** Rows wanted. Default: all there are; calibration text needs a number. */
  samples?: number
  /** Ids in a row. May be left out only for ids of shape [windows, length]. */
  seqLen?: number
  /** Seed of drawn windows. */
  seed?: number
  purpose: Purpose
  /** Whose tokens of conversations have labels; default: all. Calibration has no loss. */
  lossOn?: LossOn
  /** Folder of the model; its tokenizer.json is read only where the data is text. */
  folder: string
  /** All ids must be below this number. */
  vocabSize?: number
  signal?: AbortSignal
  /** Documents or windows done so far. */
  onProgress?: (done: number, total: number) => void
}

export interface Windows {
  /** [windows, seqLen], row-major. */
  readonly ids: Int32Array
  /** [windows, seqLen], 1 = token, 0 = padding; null when nothing is padded. */
  readonly mask: Int32Array | null
  /** [windows, seqLen]: the ids, −100 at padding and where no loss counts; null when every id counts. */
  readonly labels: Int32Array | null
  readonly windows: number
  readonly seqLen: number
}

/** Length as which shorter rows are counted, since they need as much memory. */
const leastRowLength = 64

/** A label that no loss counts. */
export const ignoredLabel = -100

/**
 * @throws EngineError 'usage' for a number that is not whole and above 0, 'bad-data' with the numbers when there is too little data,
 * 'not-found', and errors of the tokenizer.
 */
export async function loadWindows(request: WindowsRequest): Promise<Windows> {
  for (const [name, number] of Object.entries({ samples: request.samples, seqLen: request.seqLen }))
    if (number !== undefined && !(Number.isInteger(number) && number > 0))
      throw new EngineError('usage', `${name} is ${number}; give a whole number above 0`)
  const isIds = request.path.endsWith('.safetensors')
  if (isIds && request.lossOn) throw noConversations(request)
  const windows = isIds ? await fromIds(request) : await fromText(request)
  if (request.vocabSize !== undefined) checkIds(windows.ids, request.vocabSize, request.path)
  return windows
}

async function fromIds(request: WindowsRequest): Promise<Windows> {
  const tensor = await openIdTensor(request.path, request.field, request.signal)
  try {
    const what = `${request.path}: ${tensor.name}`
    return tensor.shape.length === 1 ? await cutIds(tensor, request, what) : await rowsOfIds(tensor, request, what)
  } finally {
    await tensor.close()
  }
}

/** Takes the first ids of the first rows. */
async function rowsOfIds(tensor: IdTensor, request: WindowsRequest, what: string): Promise<Windows> {
  const [rows, width] = tensor.shape
  const seqLen = request.seqLen ?? width
  const samples = request.samples ?? rows
  const least = request.purpose === 'retrain' ? 2 : 1
  if (seqLen < least)
    throw tooLittle(
      what,
      `rows of ${seqLen} ids`,
      `${least} a row${least === 2 ? ', one to predict' : ''}`,
      'longer rows',
    )
  if (width < seqLen) throw tooLittle(what, `rows of ${width} ids`, `${seqLen} a row`, 'a smaller seq_len')
  if (rows < samples || rows === 0) throw tooLittle(what, `${rows} rows`, `${samples || 1}`, 'fewer samples')
  const out = idsFor(samples, seqLen, request)
  if (seqLen === width) await tensor.read(0, out)
  else for (let r = 0; r < samples; r++) await tensor.read(r * width, out.subarray(r * seqLen, (r + 1) * seqLen))
  return { ids: out, mask: null, labels: null, windows: samples, seqLen }
}

async function cutIds(tensor: IdTensor, request: WindowsRequest, what: string): Promise<Windows> {
  const { windows, seqLen } = wholeWindows(tensor.shape[0], request, what)
  const out = idsFor(windows, seqLen, request)
  await tensor.read(0, out)
  return { ids: out, mask: null, labels: null, windows, seqLen }
}

async function fromText(request: WindowsRequest): Promise<Windows> {
  const seqLen = requireSeqLen(request)
  const corpus = await openCorpus(request.path, request.field)
  const chats = await openConversations(request.path, request.field, request.signal)
  if (!chats && request.lossOn) throw noConversations(request)
  const tokenizer = await openTokenizer(request.folder, { signal: request.signal })
  try {
    switch (request.purpose) {
      case 'calibration': {
        if (request.samples === undefined) throw new EngineError('usage', 'calibration text needs a number of samples')
        const { samples, seed = 0, signal, onProgress } = request
        requireRoom(samples, seqLen, request.path)
        const options = { samples, seqLen, seed, signal, onProgress }
        const ids = chats ? await drawChats(chats, tokenizer, options) : await drawWindows(corpus, tokenizer, options)
        return { ids, mask: null, labels: null, windows: samples, seqLen }
      }
      case 'retrain':
        return await documentRows(
          chats ? encodedChats(chats, tokenizer, { ...request, enough: seqLen }) : encoded(corpus, tokenizer, request),
          request,
          seqLen,
        )
      case 'evaluate':
        return chats ? await cutChats(chats, tokenizer, request) : await cutText(corpus, tokenizer, request)
    }
  } finally {
    await tokenizer.close()
  }
}

function requireSeqLen({ seqLen, path }: WindowsRequest): number {
  if (seqLen === undefined)
    throw new EngineError('usage', `${path} has no rows of its own; say how long they are (seq_len)`)
  return seqLen
}

/** Tokenises all documents as one text, as the published protocol does, and cuts whole windows from the front. */
async function cutText(corpus: Corpus, tokenizer: Tokenizer, request: WindowsRequest): Promise<Windows> {
  const enough = request.samples === undefined ? undefined : request.samples * requireSeqLen(request)
  const stream = await tokenizer.encode(corpus.pieces(request.signal), { signal: request.signal, enough })
  const { windows, seqLen } = wholeWindows(stream.length, request, request.path)
  return { ids: stream.slice(0, windows * seqLen), mask: null, labels: null, windows, seqLen }
}

/** Conversations one after another in the file's order, cut into whole windows from the front. */
async function cutChats(chats: Conversations, tokenizer: Tokenizer, request: WindowsRequest): Promise<Windows> {
  const { path, lossOn, samples = Infinity } = request
  const wanted = samples * requireSeqLen(request)
  const rows: EncodedChat[] = []
  let length = 0
  for await (const row of encodedChats(chats, tokenizer, request)) {
    rows.push(row)
    length += row.ids.length
    requireRoom(1, length, path)
    if (length >= wanted) break
  }
  const { windows, seqLen } = wholeWindows(length, request, path)
  const [ids, labels] = [new Int32Array(length), new Int32Array(length)]
  let at = 0
  for (const row of rows) {
    ids.set(row.ids, at)
    labels.set(labelsOf(row), at)
    at += row.ids.length
  }
  const end = windows * seqLen
  const set = { ids: ids.slice(0, end), mask: null, labels: lossOn ? labels.slice(0, end) : null, windows, seqLen }
  if (lossOn && !set.labels?.some((label, i) => i % seqLen > 0 && label !== ignoredLabel)) throw nothingCounts(path)
  return set
}

function labelsOf({ ids, counts }: EncodedChat): Int32Array {
  return counts ? ids.map((id, i) => (counts[i] === 1 ? id : ignoredLabel)) : ids
}

/** The number of windows that a stream gives; its tail is dropped. */
function wholeWindows(length: number, request: WindowsRequest, what: string): { windows: number; seqLen: number } {
  const seqLen = requireSeqLen(request)
  const available = Math.floor(length / seqLen)
  const windows = request.samples ?? available
  if (available < windows || available === 0) {
    const want = `${windows || 1} windows of ${seqLen}`
    throw tooLittle(what, `${length} tokens`, want, 'more data, a smaller seq_len or fewer samples')
  }
  return { windows, seqLen }
}

async function* encoded(corpus: Corpus, tokenizer: Tokenizer, { signal }: WindowsRequest): AsyncGenerator<EncodedChat> {
  for await (const { text } of corpus.documents(undefined, signal))
    yield { ids: await tokenizer.encode(text, { signal }), counts: null }
}

/** Makes a row of each document in the file's order, cut or padded to `seqLen`. */
async function documentRows(
  documents: AsyncIterable<EncodedChat>,
  { samples, onProgress, path, lossOn }: WindowsRequest,
  seqLen: number,
): Promise<Windows> {
  const rows: Int32Array[] = []
  const labels: Int32Array[] = []
  for await (const document of documents) {
    if (rows.length === samples) break
    const own = labelsOf(document).slice(0, seqLen)
    // A document of one token has nothing to predict, and neither has a conversation whose first `seqLen` tokens have no answer.
    if (own.some((label, i) => i > 0 && label !== ignoredLabel)) {
      rows.push(document.ids.slice(0, seqLen))
      labels.push(own)
    }
    requireRoom(rows.length, Math.max(seqLen, leastRowLength), path)
    onProgress?.(rows.length, samples ?? rows.length)
  }
  if (rows.length < (samples ?? 1)) {
    const usable = lossOn
      ? `conversations with an answer in their first ${seqLen} tokens`
      : 'documents of two tokens or more'
    throw tooLittle(path, `${rows.length} ${usable}`, `${samples ?? 1}`, 'more data or fewer samples')
  }
  return padRows(rows, seqLen, lossOn && labels)
}

/** Pads rows of at most `seqLen` ids. `given` are their labels; by default each id is its own label. */
export function padRows(rows: readonly Int32Array[], seqLen: number, given?: readonly Int32Array[]): Windows {
  const size = rows.length * seqLen
  const ids = new Int32Array(size)
  const mask = new Int32Array(size)
  const labels = new Int32Array(size).fill(ignoredLabel)
  rows.forEach((row, r) => {
    ids.set(row, r * seqLen)
    labels.set(given?.[r] ?? row, r * seqLen)
    mask.fill(1, r * seqLen, r * seqLen + row.length)
  })
  const padded = rows.some((row) => row.length < seqLen)
  return { ids, mask: padded ? mask : null, labels: padded || given ? labels : null, windows: rows.length, seqLen }
}

function idsFor(windows: number, seqLen: number, request: WindowsRequest): Int32Array {
  requireRoom(windows, seqLen, request.path)
  return new Int32Array(windows * seqLen)
}

/** Limits the windows, which are all in memory since each file is read once. @throws EngineError 'bad-data'. */
export function requireRoom(windows: number, seqLen: number, path: string): void {
  if (windows * seqLen <= maxIds) return
  throw new EngineError(
    'bad-data',
    `${path}: ${windows} windows of ${seqLen} tokens are more than the ${maxIds} tokens that a run holds; use fewer samples or a smaller seq_len`,
  )
}

function noConversations({ path, field }: WindowsRequest): EngineError {
  return new EngineError(
    'bad-data',
    `${path} has no conversations in "${field ?? 'messages'}", which loss_on needs; leave loss_on out, or give a .jsonl or .parquet file with a column of messages`,
  )
}

function nothingCounts(path: string): EngineError {
  return new EngineError('bad-data', `${path}: the windows contain no text of the assistant; use more data`)
}

function tooLittle(what: string, has: string, wanted: string, remedy: string): EngineError {
  return new EngineError('bad-data', `${what} has ${has}, ${wanted} are needed; use ${remedy}`)
}
