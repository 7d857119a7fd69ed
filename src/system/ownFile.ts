// Files and folders in a folder that this program writes, but that someone else may have prepared: a run folder from a colleague, an
// archive. A link there must never lead a write elsewhere, and a pipe must never make a read wait.
import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, rm, unlink } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { EngineError } from '../errors.ts'
import { errnoOf, readError, writeError } from './diskErrors.ts'

/** Windows knows neither flag; there a link is no plain file for lstat, and pipes have no path in a folder. */
const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT, O_EXCL } = constants
const noFollow = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** Advice about something that a run never makes. */
const remedy = 'a run never makes one here: remove it if you trust the rest of the folder, else start a new run'

/**
 * A new, empty file, to be written. What had the name before is unlinked, never written through: a leftover of a killed
 * process, a link, a pipe.
 * @throws what the system says, EEXIST when another process made the file meanwhile; EngineError when it is a folder.
 */
export async function createOwn(path: string): Promise<FileHandle> {
  const before = await lstat(path).catch(() => null)
  if (before?.isDirectory()) throw new EngineError('bad-data', `${path} is a folder, not a file; ${remedy}`)
  if (before) await unlink(path)
  return open(path, O_WRONLY | O_CREAT | O_EXCL | noFollow, 0o666)
}

/** Removes a file, a link or a pipe, if it is there. @throws EngineError 'bad-data' when it is a folder, 'disk'. */
export async function removeOwn(path: string): Promise<void> {
  const facts = await lstat(path).catch(() => null)
  if (facts?.isDirectory()) throw new EngineError('bad-data', `${path} is a folder, not a file; ${remedy}`)
  await rm(path, { force: true }).catch((error: unknown) => {
    throw writeError(error, path)
  })
}

/** Descriptor of a regular file with one name, to be changed in place; made when it is missing. @throws EngineError. */
export function openOwnSync(path: string): number {
  let descriptor: number
  try {
    descriptor = openSync(path, O_RDWR | O_CREAT | noFollow, 0o666)
  } catch (error) {
    throw linkError(error, path) ?? writeError(error, path)
  }
  try {
    const facts = fstatSync(descriptor)
    requireRegular(path, facts)
    // A second name may be anywhere, and a write here would change the file there.
    if (facts.nlink > 1)
      throw new EngineError('bad-data', `${path} is a hard link, and a change of it would show elsewhere; ${remedy}`)
    return descriptor
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

/** A regular file, to be read. @throws EngineError 'not-found', 'bad-data' when it is something else, or 'disk'. */
export async function openOwn(path: string): Promise<FileHandle> {
  const file = await open(path, O_RDONLY | noFollow).catch((error: unknown) => {
    throw linkError(error, path) ?? readError(error, path)
  })
  try {
    requireRegular(path, await file.stat())
    return file
  } catch (error) {
    await file.close()
    throw readError(error, path)
  }
}

/** The text of a regular file. @throws EngineError as `openOwn`, and 'bad-data' when it is larger. */
export async function readOwn(path: string, maxBytes = 2 ** 28): Promise<string> {
  const file = await openOwn(path)
  try {
    const { size } = await file.stat()
    if (size > maxBytes)
      throw new EngineError('bad-data', `${path} has ${size} bytes, more than a run ever writes; start a new run`)
    return await file.readFile('utf8')
  } catch (error) {
    throw readError(error, path)
  } finally {
    await file.close()
  }
}

/** Checks a path for a caller that opens it itself. @throws EngineError 'not-found', 'bad-data' when it is no regular file, or 'disk'. */
export async function requireOwnFile(path: string): Promise<void> {
  requireRegular(path, await factsOf(path))
}

/** @throws EngineError 'not-found', 'bad-data' when it is no folder or only a link to one, or 'disk'. */
export async function requireOwnFolder(path: string): Promise<void> {
  const facts = await factsOf(path)
  if (!facts.isDirectory()) throw new EngineError('bad-data', `${path} is ${kindOf(facts)}, not a folder; ${remedy}`)
}

/** The result of lstat, which describes a link and not its target. */
async function factsOf(path: string): Promise<Stats> {
  return lstat(path).catch((error: unknown) => {
    throw readError(error, path)
  })
}

function requireRegular(path: string, facts: Stats): void {
  if (!facts.isFile()) throw new EngineError('bad-data', `${path} is ${kindOf(facts)}, not a file; ${remedy}`)
}

/** A message for the system's errors about a link that must not be followed, and about a socket; null for others. */
function linkError(error: unknown, path: string): EngineError | null {
  const what = { ELOOP: 'a symbolic link', EMLINK: 'a symbolic link', ENXIO: 'a socket or a pipe' }[errnoOf(error)]
  if (what === undefined) return null
  return new EngineError('bad-data', `${path} is ${what}, not a file; ${remedy}`, { cause: error })
}

/** The kind of a file as messages name it. */
export function kindOf(facts: Stats): string {
  if (facts.isSymbolicLink()) return 'a symbolic link'
  if (facts.isDirectory()) return 'a folder'
  if (facts.isFIFO()) return 'a named pipe'
  if (facts.isSocket()) return 'a socket'
  return facts.isFile() ? 'a file' : 'a device'
}

/** Each folder on the way from `root` to `path`, without `root`, which the user names. */
function partsOf(root: string, path: string): string[] {
  const names = relative(root, path).split(sep)
  return names.map((_, i) => join(root, ...names.slice(0, i + 1)))
}

/** Makes what is missing. @throws EngineError 'bad-data' when a part is a link or a file, 'disk'. */
export async function makeOwnFolders(root: string, path: string): Promise<void> {
  for (const part of partsOf(root, path)) {
    await mkdir(part).catch((error: unknown) => {
      if (errnoOf(error) !== 'EEXIST') throw writeError(error, part)
    })
    await requireOwnFolder(part)
  }
}

/** Whether it is there. @throws EngineError 'bad-data' when a part is a link or a file. */
export async function isOwnFolder(root: string, path: string): Promise<boolean> {
  for (const part of partsOf(root, path)) {
    try {
      await requireOwnFolder(part)
    } catch (error) {
      if (error instanceof EngineError && error.code === 'not-found') return false
      throw error
    }
  }
  return true
}
