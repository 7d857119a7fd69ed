// Makes windows of token ids from data files: rows of one length, for calibration, retraining or evaluation (docs/methods.md, "Windows of tokens").
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
  /** Text key or column (default 'text'), or the ids' tensor (default: the only integer one). */
  field?: string
  /** Rows wanted. Default: all there are; calibration text needs a number. */
  samples?: number
  /** Ids in a row. May be left out only for ids of shape [windows, length]. */
  seqLen?: number
  /** Seed of drawn windows. */
  seed?: number
  purpose: Purpose
  /** Folder of the model; its tokenizer.json is read only where the data is text. */
  folder: string
  /** Ids must be below it. */
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
  /** [windows, seqLen]: the ids, −100 at padding; null when nothing is padded. */
  readonly labels: Int32Array | null
  readonly windows: number
  readonly seqLen: number
}

/** Least length that a row counts with: shorter ones need as much room. */
const leastRowLength = 64

/** A label that no loss counts. */
export const ignoredLabel = -100

/** @throws EngineError 'bad-data' with the numbers when there is too little, 'not-found', or of the tokenizer. */
export async function loadWindows(request: WindowsRequest): Promise<Windows> {
  const windows = request.path.endsWith('.safetensors') ? await fromIds(request) : await fromText(request)
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
  const tokenizer = await openTokenizer(request.folder, { signal: request.signal })
  try {
    switch (request.purpose) {
      case 'calibration': {
        if (request.samples === undefined) throw new EngineError('usage', 'calibration text needs a number of samples')
        const { samples, seed = 0, signal, onProgress } = request
        requireRoom(samples, seqLen, request.path)
        const ids = await drawWindows(corpus, tokenizer, { samples, seqLen, seed, signal, onProgress })
        return { ids, mask: null, labels: null, windows: samples, seqLen }
      }
      case 'retrain':
        return await documentRows(corpus, tokenizer, request, seqLen)
      case 'evaluate':
        return await cutText(corpus, tokenizer, request)
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

/** Makes a row of each document in the file's order, cut or padded to `seqLen`. */
async function documentRows(
  corpus: Corpus,
  tokenizer: Tokenizer,
  request: WindowsRequest,
  seqLen: number,
): Promise<Windows> {
  const { samples, signal, onProgress, path } = request
  const rows: Int32Array[] = []
  for await (const { text } of corpus.documents(undefined, signal)) {
    if (rows.length === samples) break
    const ids = await tokenizer.encode(text, { signal })
    // A document of a single token has nothing to predict.
    if (ids.length > 1) rows.push(ids.slice(0, seqLen))
    requireRoom(rows.length, Math.max(seqLen, leastRowLength), path)
    onProgress?.(rows.length, samples ?? rows.length)
  }
  if (rows.length < (samples ?? 1)) {
    throw tooLittle(
      path,
      `${rows.length} documents of two tokens or more`,
      `${samples ?? 1}`,
      'more data or fewer samples',
    )
  }
  return padRows(rows, seqLen)
}

/** Rows of at most `seqLen` ids. */
export function padRows(rows: readonly Int32Array[], seqLen: number): Windows {
  const size = rows.length * seqLen
  const ids = new Int32Array(size)
  const mask = new Int32Array(size)
  const labels = new Int32Array(size).fill(ignoredLabel)
  rows.forEach((row, r) => {
    ids.set(row, r * seqLen)
    labels.set(row, r * seqLen)
    mask.fill(1, r * seqLen, r * seqLen + row.length)
  })
  const padded = rows.some((row) => row.length < seqLen)
  return { ids, mask: padded ? mask : null, labels: padded ? labels : null, windows: rows.length, seqLen }
}

function idsFor(windows: number, seqLen: number, request: WindowsRequest): Int32Array {
  requireRoom(windows, seqLen, request.path)
  return new Int32Array(windows * seqLen)
}

/** All windows are held at once, so that each file is read once. @throws EngineError 'bad-data'. */
export function requireRoom(windows: number, seqLen: number, path: string): void {
  if (windows * seqLen <= maxIds) return
  throw new EngineError(
    'bad-data',
    `${path}: ${windows} windows of ${seqLen} tokens are more than the ${maxIds} tokens that a run holds; use fewer samples or a smaller seq_len`,
  )
}

function tooLittle(what: string, has: string, wanted: string, remedy: string): EngineError {
  return new EngineError('bad-data', `${what} has ${has}, ${wanted} are wanted; use ${remedy}`)
}
