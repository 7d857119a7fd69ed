// Data files to windows of token ids: rows of one length, for calibration, retraining or evaluation.
import { openCorpus, type Corpus } from './corpus.ts'
import { drawWindows } from './drawWindows.ts'
import { readIdTensor } from './idTensor.ts'
import { checkIds } from './vocabulary.ts'
import { EngineError } from '../errors.ts'
import { openTokenizer, type Tokenizer } from './tokenizer.ts'

export type Purpose = 'calibration' | 'retrain' | 'evaluate'

export interface WindowsRequest {
  /** .txt, .jsonl, .jsonl.gz, .parquet, or .safetensors with ids. */
  path: string
  /** Text key or column (default 'text'), or the ids' tensor (default: the only integer one). */
  field?: string
  /** Rows wanted. Default: all there are; calibration text needs a number. */
  samples?: number
  /** Ids in a row. May be left out only for ids of shape [windows, length]. */
  seqLen?: number
  /** Of drawn windows. */
  seed?: number
  purpose: Purpose
  /** The model's, for tokenizer.json; read only where the data is text. */
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

/** A label that no loss counts. */
const ignoredLabel = -100

/** @throws EngineError 'bad-data' with the numbers when there is too little, 'not-found', or of the tokenizer. */
export async function loadWindows(request: WindowsRequest): Promise<Windows> {
  const windows = request.path.endsWith('.safetensors') ? await fromIds(request) : await fromText(request)
  if (request.vocabSize !== undefined) checkIds(windows.ids, request.vocabSize, request.path)
  return windows
}

async function fromIds(request: WindowsRequest): Promise<Windows> {
  const { path } = request
  const { name, shape, ids } = await readIdTensor(path, request.field)
  const what = `${path}: ${name}`
  if (shape.length === 1) return cutStream(ids, request, what)
  const [rows, width] = shape
  const seqLen = request.seqLen ?? width
  const samples = request.samples ?? rows
  if (width < seqLen) throw tooLittle(what, `rows of ${width} ids`, `${seqLen} a row`, 'a smaller seq_len')
  if (rows < samples || rows === 0) throw tooLittle(what, `${rows} rows`, `${samples || 1}`, 'fewer samples')
  const out = new Int32Array(samples * seqLen)
  for (let r = 0; r < samples; r++) out.set(ids.subarray(r * width, r * width + seqLen), r * seqLen)
  return { ids: out, mask: null, labels: null, windows: samples, seqLen }
}

async function fromText(request: WindowsRequest): Promise<Windows> {
  const seqLen = requireSeqLen(request)
  const corpus = await openCorpus(request.path, request.field)
  const tokenizer = await openTokenizer(request.folder)
  switch (request.purpose) {
    case 'calibration': {
      if (request.samples === undefined) throw new EngineError('usage', 'calibration text needs a number of samples')
      const { samples, seed = 0, signal, onProgress } = request
      const ids = await drawWindows(corpus, tokenizer, { samples, seqLen, seed, signal, onProgress })
      return { ids, mask: null, labels: null, windows: samples, seqLen }
    }
    case 'retrain':
      return documentRows(corpus, tokenizer, request, seqLen)
    case 'evaluate':
      return cutStream(await oneStream(corpus, tokenizer, request.signal), request, request.path)
  }
}

function requireSeqLen({ seqLen, path }: WindowsRequest): number {
  if (seqLen === undefined)
    throw new EngineError('usage', `${path} has no rows of its own; say how long they are (seq_len)`)
  return seqLen
}

/** Whole windows from the front; the tail is dropped. */
function cutStream(stream: Int32Array, request: WindowsRequest, what: string): Windows {
  const seqLen = requireSeqLen(request)
  const available = Math.floor(stream.length / seqLen)
  const windows = request.samples ?? available
  if (available < windows || available === 0) {
    const want = `${windows || 1} windows of ${seqLen}`
    throw tooLittle(what, `${stream.length} tokens`, want, 'more data, a smaller seq_len or fewer samples')
  }
  return { ids: stream.slice(0, windows * seqLen), mask: null, labels: null, windows, seqLen }
}

/** All documents as one, joined by an empty line as the published protocol does, tokenised once. */
async function oneStream(corpus: Corpus, tokenizer: Tokenizer, signal?: AbortSignal): Promise<Int32Array> {
  const texts: string[] = []
  for await (const { text } of corpus.documents(undefined, signal)) texts.push(text)
  return tokenizer.encode(texts.join('\n\n'), signal)
}

/** One document a row in the file's order, cut or padded to `seqLen`. */
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
    const ids = await tokenizer.encode(text, signal)
    // A single token has nothing to predict.
    if (ids.length > 1) rows.push(ids.slice(0, seqLen))
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

function padRows(rows: readonly Int32Array[], seqLen: number): Windows {
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

function tooLittle(what: string, has: string, wanted: string, remedy: string): EngineError {
  return new EngineError('bad-data', `${what} has ${has}, ${wanted} are wanted; use ${remedy}`)
}
