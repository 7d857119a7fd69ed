// A .txt file is one document.
import { readFile, stat } from 'node:fs/promises'
import { readError } from '../checkpoint/diskErrors.ts'
import { EngineError } from '../errors.ts'
import type { Corpus } from './corpus.ts'

/** Longest string of the language, less a margin. */
const maxBytes = 500_000_000

export function textCorpus(path: string): Corpus {
  return {
    path,
    count: async () => 1,
    async *documents(wanted) {
      if (wanted && !wanted.has(0)) return
      yield { index: 0, text: await readText(path) }
    },
  }
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size > maxBytes) {
      throw new EngineError(
        'bad-data',
        `${path} has ${size} bytes, too many for one text; make it a .jsonl of documents`,
      )
    }
    return decodeText(await readFile(path), path)
  } catch (error) {
    throw readError(error, path)
  }
}

/** UTF-8 without its byte order mark. @throws EngineError 'bad-data' that names `where`. */
export function decodeText(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new EngineError('bad-data', `${where} is not UTF-8 text; save it as UTF-8`)
  }
}
