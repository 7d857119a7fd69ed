// A .txt file is one document.
import { readError } from '../../system/diskErrors.ts'
import { openRegular } from '../checkpoint/regularFile.ts'
import { EngineError } from '../errors.ts'
import type { Corpus } from './corpus.ts'
import { readChunks } from './lines.ts'

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

/** The text as it comes, its line ends as Python reads them: `\n`, whatever the system that wrote it. @throws EngineError 'bad-data'. */
async function* decoded(path: string, signal: AbortSignal | undefined): AsyncGenerator<string> {
  let held = ''
  for await (const piece of asWritten(path, signal)) {
    const text = held + piece
    // The \n of a \r may come with the next piece.
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
