// Files that are either whole or not there: written beside, flushed to the disk, then renamed.
import { randomUUID } from 'node:crypto'
import { copyFile, link, mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { homedir } from 'node:os'
import { errnoOf, writeError } from './diskErrors.ts'
import { killPoint } from './killPoint.ts'
import { createOwn, readOwn } from './ownFile.ts'
import { fieldsOf } from '../catalog/formats/json.ts'

/**
 * Replaces `path` by the chunks, in their order. If several processes write the file, each needs its own `temporary`.
 * @throws EngineError 'disk'; `path` is then as it was.
 */
export async function writeAtomic(
  path: string,
  chunks: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array>,
  temporary = `${path}.tmp`,
): Promise<void> {
  try {
    const file = await createOwn(temporary)
    try {
      for await (const chunk of chunks) await file.writeFile(chunk)
      killPoint()
      await file.sync()
    } finally {
      await file.close()
    }
    killPoint()
    await renameOver(temporary, path)
    killPoint()
    await syncFolder(dirname(path))
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw writeError(error, path)
  }
}

/** A path for this call alone, for a file that several processes may write. The name is short enough for any file system. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.${randomUUID()}.tmp`)
}

/** Makes a rename survive a power failure. Systems that cannot open folders order renames themselves. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null)
  if (!handle) return
  await handle.sync().catch(() => undefined)
  await handle.close()
}

const passing: ReadonlySet<string> = new Set(['EPERM', 'EACCES', 'EBUSY'])
/** Two seconds in all. */
const [attempts, pauseMs] = [20, 100]

/** Functions of the operating system, which tests replace. */
interface Means {
  readonly platform: NodeJS.Platform
  readonly rename: (from: string, to: string) => Promise<void>
  readonly pause: () => Promise<unknown>
}

const own: Means = { platform: process.platform, rename, pause: () => sleep(pauseMs) }

/**
 * Renames as `fs.rename` does. Windows refuses it while a virus scanner or an indexer reads a file that has just been written: there it
 * is tried again for two seconds before the error is thrown.
 */
export async function renameOver(from: string, to: string, means: Means = own): Promise<void> {
  for (let left = means.platform === 'win32' ? attempts : 1; ; left--) {
    try {
      return await means.rename(from, to)
    } catch (error) {
      if (left === 1 || !passing.has(errnoOf(error))) throw error
      await means.pause()
    }
  }
}

/**
 * Replaces `to` by the contents of `from`: a link by `linkAt`, or a copy if the file system has no links. `to` is whole or not there,
 * even with concurrent calls: each has its own temporary name, since a shared one could be a link to the other's file, and be written
 * through. @throws EngineError 'disk'.
 */
export async function sameFile(
  from: string,
  to: string,
  linkAt = (path: string): Promise<void> => link(from, path),
): Promise<void> {
  const temporary = temporaryBeside(to)
  try {
    await linkAt(temporary).catch(() => copyFile(from, temporary))
    await renameOver(temporary, to)
  } catch (error) {
    throw writeError(error, to)
  } finally {
    // A failed rename leaves the temporary file, and so does a rename onto another hard link of the same file.
    await rm(temporary, { force: true })
  }
}

// Small JSON files in the user's cache folder, with facts about this machine. If a file cannot be used, its facts are determined again.
export function cacheFile(name: string): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env
  const folder =
    process.platform === 'win32' && LOCALAPPDATA
      ? LOCALAPPDATA
      : process.platform === 'darwin'
        ? join(homedir(), 'Library', 'Caches')
        : XDG_CACHE_HOME || join(homedir(), '.cache')
  return join(folder, 'sparsescope', name)
}

/** The file's entries, not trusted; empty if it cannot be read. */
export async function readCache(file: string): Promise<Record<string, unknown>> {
  try {
    return fieldsOf(JSON.parse(await readOwn(file, 2 ** 20)))
  } catch {
    return {}
  }
}

/** Replaces the file, whole; a disk that refuses is no error. */
export async function writeCache(file: string, entries: Record<string, unknown>): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true })
    const own = `${file}.${randomUUID()}`
    await writeFile(own, JSON.stringify(entries), { flag: 'wx' })
    await renameOver(own, file)
  } catch {
    // What is not cached is determined again.
  }
}
