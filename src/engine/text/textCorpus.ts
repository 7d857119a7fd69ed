// Text files: a .txt file as one document, and lines of a file that may be gzipped and larger than memory.
import { createGunzip } from 'node:zlib'
import { readError } from '../../system/diskErrors.ts'
import { openRegular } from '../checkpoint/regularFile.ts'
import { EngineError } from '../errors.ts'
import type { Corpus } from './corpus.ts'
import { breathe } from '../breathe.ts'

/** Most bytes of one text: JavaScript's longest string, less a margin. */
const maxBytes = 500_000_000

export function textCorpus(path: string): Corpus {
  return {
    path,
    count: async () => 1,
    async *documents(wanted, signal) {
      if (wanted && !wanted.has(0)) return
      await refuseLong(path)
      const pieces: string[] = []
      for await (const piece of decoded(path, signal)) pieces.push(piece)
      yield { index: 0, text: pieces.join('') }
    },
    pieces: (signal) => decoded(path, signal),
  }
}

async function refuseLong(path: string): Promise<void> {
  const handle = await openRegular(path, 'bad-data')
  const { size } = await handle.stat().finally(() => handle.close())
  if (size <= maxBytes) return
  throw new EngineError('bad-data', `${path} has ${size} bytes, too many for one text; make it a .jsonl of documents`)
}

/** The text in pieces, as they are read. Every line end becomes `\n`, as in Python's text mode. @throws EngineError 'bad-data'. */
async function* decoded(path: string, signal: AbortSignal | undefined): AsyncGenerator<string> {
  let held = ''
  for await (const piece of asWritten(path, signal)) {
    const text = held + piece
    // The \n that belongs to this \r may come with the next piece.
    held = text.endsWith('\r') ? '\r' : ''
    yield (held ? text.slice(0, -1) : text).replace(/\r\n?/g, '\n')
  }
  if (held) yield '\n'
}

async function* asWritten(path: string, signal: AbortSignal | undefined): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const decode = (bytes?: Uint8Array) => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined })
    } catch {
      throw notUtf8(path)
    }
  }
  try {
    for await (const chunk of readChunks(path, signal)) yield decode(chunk)
  } catch (error) {
    throw readError(error, path)
  }
  yield decode()
}

/** UTF-8 without its byte order mark. @throws EngineError 'bad-data' that names `where`. */
export function decodeText(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw notUtf8(where)
  }
}

function notUtf8(where: string): EngineError {
  return new EngineError('bad-data', `${where} is not UTF-8 text; save it as UTF-8`)
}

const newline = 0x0a

/** Most bytes of a line, more than any document has: a few MB of gzip can unfold into gigabytes without a line break. */
const maxLineBytes = 2 ** 27

/** Every line's bytes without its end, in order. Only "\n" ends a line: JSON strings may hold other separators. */
export async function* readLines(path: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  let rest: Buffer[] = []
  let length = 0
  const whole = () => {
    const line = rest.length === 1 ? rest[0] : Buffer.concat(rest)
    rest = []
    length = 0
    return line
  }
  for await (const chunk of readChunks(path, signal)) {
    let start = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      rest.push(chunk.subarray(start, end))
      yield whole()
      start = end + 1
    }
    if (start < chunk.length) rest.push(chunk.subarray(start))
    length += chunk.length - start
    if (length > maxLineBytes)
      throw new EngineError(
        'bad-data',
        `${path} has a line of more than ${maxLineBytes} bytes; write one document a line, or split it`,
      )
  }
  if (rest.length > 0) yield whole()
}

/** The file's bytes in order, unpacked where its name ends with .gz, about a MiB at a time. */
async function* readChunks(path: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const file = (await openRegular(path, 'bad-data')).createReadStream({ highWaterMark: 1 << 20 })
  const gunzip = path.endsWith('.gz') ? createGunzip({ chunkSize: 1 << 20 }) : null
  // Without this a read error would never reach the reader of the unpacked stream.
  const stream = gunzip ? file.on('error', (error) => gunzip.destroy(error)).pipe(gunzip) : file
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      await breathe(signal)
      yield chunk
    }
  } catch (error) {
    if (gunzip && error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) {
      throw new EngineError('bad-data', `${path} is not a whole gzip file (${error.message}); get it again`)
    }
    throw readError(error, path)
  } finally {
    file.destroy()
    gunzip?.destroy()
  }
}
