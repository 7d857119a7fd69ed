// Text files beside the weights, with a limit: a "config.json" of many gigabytes must not fill the memory.
import { EngineError, type ErrorCode } from '../errors.ts'
import { readRegular } from './regularFile.ts'

/** Most bytes of a recipe; its reader refuses one that is longer than the format allows. */
export const maxRecipeBytes = 16 * 2 ** 20

/** The file's text. @throws EngineError 'not-found', 'disk', or `code` when it is too large, no UTF-8 or no regular file. */
export async function readSmallFile(
  path: string,
  maxBytes: number,
  code: ErrorCode = 'bad-checkpoint',
): Promise<string> {
  const bytes = await readRegular(path, maxBytes, code)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new EngineError(code, `${path} is not UTF-8 text; save it as UTF-8 or get it again`, { cause: error })
  }
}
