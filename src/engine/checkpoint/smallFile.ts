// Text files beside the weights, with a limit: a "config.json" of many gigabytes must not fill the memory.
import { readFile, stat } from 'node:fs/promises'
import { EngineError } from '../errors.ts'
import { readError } from './diskErrors.ts'

/** The file's text. @throws EngineError 'not-found', 'disk', or 'bad-checkpoint' when it is too large or no UTF-8. */
export async function readSmallFile(path: string, maxBytes: number): Promise<string> {
  try {
    const facts = await stat(path)
    if (!facts.isFile()) throw new EngineError('bad-checkpoint', `${path} is not a regular file; put the file there`)
    if (facts.size > maxBytes) {
      throw new EngineError(
        'bad-checkpoint',
        `${path} has ${facts.size} bytes, more than such a file ever has; get it again`,
      )
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path))
  } catch (error) {
    if (error instanceof TypeError) {
      throw new EngineError('bad-checkpoint', `${path} is not UTF-8 text; get it again`, { cause: error })
    }
    throw readError(error, path)
  }
}
