// Output files: those that must be new, and those that are replaced.
import { constants, lstat, open, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { errnoOf, writeError } from '../system/diskErrors.ts'
import { temporaryBeside, writeAtomic } from '../system/atomicFile.ts'
import { EngineError } from '../engine/errors.ts'
import { requireWritable } from '../system/makeFolders.ts'

/** Checks, before the work, that a new file can be written at `path`. @throws EngineError 'exists', 'usage' or 'disk'. */
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
    // A partly written file would make the next attempt fail.
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
  await writeThrough(target, text).catch((error: unknown) => {
    if (errnoOf(error) === 'ENXIO') throw new EngineError('usage', `cannot write ${path}: no process reads this pipe`)
    if (errnoOf(error) === 'EPIPE')
      throw new EngineError('disk', `cannot write ${path}: its reader has closed the pipe`)
    throw writeError(error, path)
  })
}

/** Milliseconds before a full pipe is tried again. */
const fullPipeMs = 10

/** Writes into a pipe or a device. Without O_NONBLOCK a thread would block until there is a reader, and Ctrl-C would have no effect. */
async function writeThrough(path: string, text: string): Promise<void> {
  // O_NONBLOCK is undefined on Windows, which counts as no flag.
  const file = await open(path, constants.O_WRONLY | constants.O_NONBLOCK)
  try {
    let rest = Buffer.from(text)
    while (rest.length > 0)
      try {
        rest = rest.subarray((await file.write(rest)).bytesWritten)
      } catch (error) {
        if (errnoOf(error) !== 'EAGAIN') throw error
        await sleep(fullPipeMs)
      }
  } finally {
    await file.close()
  }
}
