// Writes a file that must not be there yet.
import { rm, writeFile } from 'node:fs/promises'
import { errnoOf, writeError } from '../system/diskErrors.ts'
import { EngineError } from '../engine/errors.ts'

/** @throws EngineError 'exists' or 'disk'. */
export async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx' })
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw new EngineError('exists', `${path} is there already: choose another name`)
    // A part of it would be in the way of the next attempt.
    await rm(path, { force: true }).catch(() => undefined)
    throw writeError(error, path)
  }
}
