// An output is written into a hidden sibling folder, which gets its final name by one rename when it is complete.
import { randomBytes } from 'node:crypto'
import { rmdirSync, rmSync } from 'node:fs'
import { lstat, mkdir, open, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { EngineError } from '../errors.ts'
import { killPoint } from '../../system/killPoint.ts'
import { errnoOf, writeError } from '../../system/diskErrors.ts'
import { makeFolders } from '../../system/makeFolders.ts'
import { renameOver } from '../../system/atomicFile.ts'

/**
 * Partial folders of this process that have not been renamed yet, each with the topmost parent that was created for it.
 * They are removed when the process exits.
 */
const unfinished = new Map<string, string | undefined>()
let watching = false

function watchExit(): void {
  if (watching) return
  watching = true
  process.once('exit', () => {
    for (const [partial, firstMade] of unfinished) {
      rmSync(partial, { recursive: true, force: true })
      removeEmpty(dirname(partial), firstMade)
    }
  })
}

/** @throws EngineError 'exists' when something has that name already. */
export async function refuseExisting(to: string, remedy = 'choose another name or remove it first'): Promise<void> {
  const there = await lstat(to).then(
    () => true,
    (error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return false
      throw writeError(error, to)
    },
  )
  if (there) throw new EngineError('exists', `${to} exists already; ${remedy}`)
}

/** An id that distinguishes the partial folders of an output. */
export function newPartialId(): string {
  return randomBytes(8).toString('hex')
}

/** The hidden sibling that an output is written into. A run folder stores only the id, so it cannot lead to another place. */
export function partialPath(to: string, id: string): string {
  const full = resolve(to)
  return join(dirname(full), `.${basename(full)}.partial-${id}`)
}

/** Makes the sibling, and the folders above it that are missing. @throws EngineError 'usage' or 'disk'. */
export async function makePartial(to: string, id = newPartialId()): Promise<string> {
  const partial = partialPath(to, id)
  try {
    const parent = dirname(partial)
    const firstMade = await makeFolders(parent, to)
    unfinished.set(partial, firstMade)
    watchExit()
    killPoint()
    await mkdir(partial)
  } catch (error) {
    await removePartial(partial)
    throw writeError(error, to)
  }
  return partial
}

/** Renames the partial folder to its final name. @throws EngineError 'exists' when another process was faster. */
export async function promote(partial: string, to: string): Promise<void> {
  await refuseExisting(to)
  try {
    killPoint()
    await syncFolder(partial)
    killPoint()
    await renameOver(partial, to)
    killPoint()
    unfinished.delete(partial)
    await syncFolder(dirname(resolve(to)))
  } catch (error) {
    throw writeError(error, to)
  }
}

/** Moves a complete file out of a partial folder; the caller removes the folder. @throws EngineError 'exists' unless it `replaces` `to`. */
export async function promoteFile(path: string, to: string, replaces: boolean): Promise<void> {
  if (!replaces) await refuseExisting(to)
  try {
    killPoint()
    await renameOver(path, to)
    killPoint()
    await syncFolder(dirname(resolve(to)))
  } catch (error) {
    throw writeError(error, to)
  }
}

/** Removes a partial folder and the empty folders above that were made for it. A missing folder is not an error. */
export async function removePartial(partial: string): Promise<void> {
  killPoint()
  await rm(partial, { recursive: true, force: true })
  removeEmpty(dirname(partial), unfinished.get(partial))
  unfinished.delete(partial)
}

/** Flushes a folder's names to the disk. Windows cannot open folders and needs no such call. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Removes folders from `folder` up to `top`, the first one that `mkdir` made, as long as they are empty. */
export function removeEmpty(folder: string, top: string | undefined): void {
  if (top === undefined) return
  for (let at = folder; at.startsWith(top); at = dirname(at)) {
    try {
      rmdirSync(at)
    } catch {
      return
    }
  }
}
