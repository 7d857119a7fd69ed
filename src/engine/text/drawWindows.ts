// Calibration windows as the published code draws them: random documents until one has more tokens than the window,
// then a random window of it, until there are enough.
import { breathe } from '../breathe.ts'
import { EngineError } from '../errors.ts'
import { createRng } from '../rng.ts'
import type { Corpus } from './corpus.ts'
import type { Tokenizer } from './tokenizer.ts'

export interface DrawOptions {
  samples: number
  seqLen: number
  seed: number
  signal?: AbortSignal
  onProgress?: (done: number, total: number) => void
}

/** Most documents that are drawn ahead and read in one pass over the file. */
const maxAhead = 4096

/** Number of draws in a row that give too short a document, after which all documents are tokenised once to find the short ones. */
const maxMisses = 1000

/** Most ids that are kept of documents that may be drawn again. */
const maxKeptIds = 32 * 2 ** 20

/**
 * [samples, seqLen] ids. The same seed gives the same windows: one stream of random numbers draws documents, another
 * the windows in them, so reading ahead changes nothing.
 * @throws EngineError 'bad-data' when no document is long enough.
 */
export async function drawWindows(corpus: Corpus, tokenizer: Tokenizer, options: DrawOptions): Promise<Int32Array> {
  const { samples, seqLen, seed, signal, onProgress } = options
  const count = await corpus.count(signal)
  if (count === 0) throw new EngineError('bad-data', `${corpus.path} has no documents; give a file with text`)
  const drawDocument = createRng(seed, 'calibration documents')
  const drawStart = createRng(seed, 'calibration windows')
  const reader = new DrawnDocuments(corpus, count, tokenizer, signal)
  const tooShort = new Set<number>()
  let out = new Int32Array(0)
  let done = 0
  let ahead: number[] = []
  let next = 0
  let misses = 0
  while (done < samples) {
    if (tooShort.size === count) throw noneLongEnough(corpus.path, count, seqLen, reader.longest)
    if (next === ahead.length) {
      const length = Math.min(maxAhead, Math.max(samples, 2 * ahead.length))
      ahead = Array.from({ length }, () => drawDocument.below(count)).filter((i) => !tooShort.has(i))
      next = 0
      await reader.fetch(ahead)
      await breathe(signal)
      continue
    }
    const index = ahead[next++]
    if (tooShort.has(index)) continue
    const ids = await reader.ids(index)
    if (ids.length <= seqLen) {
      tooShort.add(index)
      if (++misses === maxMisses) await reader.weigh((i, tokens) => tokens <= seqLen && tooShort.add(i))
      continue
    }
    misses = 0
    if (done === 0) out = new Int32Array(samples * seqLen)
    const start = drawStart.below(ids.length - seqLen)
    out.set(ids.subarray(start, start + seqLen), done * seqLen)
    done++
    onProgress?.(done, samples)
  }
  return out
}

function noneLongEnough(path: string, count: number, seqLen: number, longest: number): EngineError {
  return new EngineError(
    'bad-data',
    `${path}: none of its ${count} documents has more than ${seqLen} tokens, the longest has ${longest}; use a smaller seq_len or longer documents`,
  )
}

/** Holds the texts of documents drawn ahead, read in one pass over the file, and the ids of those that are tokenised. */
class DrawnDocuments {
  private readonly corpus: Corpus
  private readonly count: number
  private readonly tokenizer: Tokenizer
  private readonly signal: AbortSignal | undefined
  private readonly tokenised = new Map<number, Int32Array>()
  private texts = new Map<number, string>()
  private kept = 0
  /** Number of tokens of the longest document seen. */
  longest = 0

  constructor(corpus: Corpus, count: number, tokenizer: Tokenizer, signal: AbortSignal | undefined) {
    this.corpus = corpus
    this.count = count
    this.tokenizer = tokenizer
    this.signal = signal
  }

  async fetch(indexes: readonly number[]): Promise<void> {
    // A file that is one document may be longer than a string can be.
    if (this.count === 1) return
    const wanted = new Set(indexes.filter((i) => !this.tokenised.has(i)))
    this.texts = new Map()
    if (wanted.size === 0) return
    for await (const { index, text } of this.corpus.documents(wanted, this.signal)) this.texts.set(index, text)
  }

  /** Calls `onLength` with the number of tokens of every document. */
  async weigh(onLength: (index: number, tokens: number) => void): Promise<void> {
    if (this.count === 1) return
    for await (const { index, text } of this.corpus.documents(undefined, this.signal)) {
      const { length } = await this.tokenizer.encode(text, { signal: this.signal })
      this.longest = Math.max(this.longest, length)
      onLength(index, length)
    }
  }

  async ids(index: number): Promise<Int32Array> {
    const known = this.tokenised.get(index)
    if (known) return known
    const text = this.count === 1 ? this.corpus.pieces(this.signal) : this.texts.get(index)
    if (text === undefined)
      throw new EngineError('bad-data', `${this.corpus.path} changed while it was read; run again`)
    const ids = await this.tokenizer.encode(text, { signal: this.signal })
    this.longest = Math.max(this.longest, ids.length)
    if (this.kept + ids.length <= maxKeptIds) {
      this.kept += ids.length
      this.tokenised.set(index, ids)
    }
    return ids
  }
}
