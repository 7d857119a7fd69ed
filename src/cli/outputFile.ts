// Output files: those that must be new, and those that are replaced.
import { lstat, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { errnoOf, writeError } from '../system/diskErrors.ts'
import { temporaryBeside, writeAtomic } from '../system/atomicFile.ts'
import { EngineError } from '../engine/errors.ts'
import { requireWritable } from '../system/makeFolders.ts'

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

/** Replaces a file as a whole; writes through links, and into pipes and devices. @throws EngineError 'usage' for a folder, 'disk'; a file is then as it was. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const target = await realpath(path).catch(() => path)
  const before = await stat(target).catch(() => null)
  if (before?.isDirectory()) throw new EngineError('usage', `${path} is a folder: name a file in it`)
  if (before === null || before.isFile()) return writeAtomic(target, [text], temporaryBeside(target))
  await writeFile(target, text).catch((error: unknown) => {
    throw writeError(error, path)
  })
}
