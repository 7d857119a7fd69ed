// Writes a file that must not be there yet.
import { lstat, rm, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { errnoOf, writeError } from '../system/diskErrors.ts'
import { requireWritable } from '../system/makeFolders.ts'
import { EngineError } from '../engine/errors.ts'

/** Before the work that is written there. @throws EngineError 'exists', 'usage' or 'disk'. */
export async function requireNew(path: string): Promise<void> {
  if (await isThere(path)) throw taken(path)
  const folder = dirname(resolve(path))
  if (!(await isThere(folder))) throw writeError(Object.assign(new Error(), { code: 'ENOENT' }), path)
  await requireWritable(folder, path)
}

const isThere = (path: string) =>
  lstat(path).then(
    () => true,
    () => false,
  )
const taken = (path: string) => new EngineError('exists', `${path} is there already: choose another name`)

/** @throws EngineError 'exists' or 'disk'. */
export async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx' })
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw taken(path)
    // A part of it would be in the way of the next attempt.
    await rm(path, { force: true }).catch(() => undefined)
    throw writeError(error, path)
  }
}
