// Does work that several runs share once: the first one makes it, later ones take it.
import { hash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import { makeFolders } from '../system/makeFolders.ts'
import { isOwnFolder, makeOwnFolders, readOwn } from '../system/ownFile.ts'
import { EngineError, throwIfCancelled } from '../errors.ts'
import { lockRun, type RunLock } from './lock/lock.ts'
import { parseRecorded } from './folder/recorded.ts'

export interface SharedWork<T> {
  /** `folder` is below `root`, and for this work alone. The process that has the lock of `folder` does the work. */
  readonly root: string
  readonly folder: string
  /** null: not made yet. */
  readonly take: () => Promise<T | null>
  /** Does the work. Saves the result for `take` only if `isHeld` says that no other process has taken over. */
  readonly make: (isHeld: () => boolean) => Promise<T>
  /** Whether to wait for a run that is making it. */
  readonly wait: boolean
  readonly lookEveryMs: number
  readonly signal?: AbortSignal
}

/** Key of the work by all that decides it, in a name of a folder. */
export function keyOfWork(facts: unknown): string {
  return hash('sha256', JSON.stringify(facts)).slice(0, 32)
}

/** JSON that a run has left for the others; null: not yet. @throws EngineError 'bad-data': the file is not trusted. */
export async function readMade<T extends z.ZodType>(schema: T, file: string): Promise<z.output<T> | null> {
  try {
    return parseRecorded(schema, await readOwn(file), file)
  } catch (error) {
    if (error instanceof EngineError && error.code === 'not-found') return null
    throw error
  }
}

/** Returns null if another run is doing the work and `wait` is false. */
export function madeOnce<T>(work: SharedWork<T> & { readonly wait: true }): Promise<T>
export function madeOnce<T>(work: SharedWork<T>): Promise<T | null>
export async function madeOnce<T>(work: SharedWork<T>): Promise<T | null> {
  const { root, folder, take, make, wait, lookEveryMs, signal } = work
  for (;;) {
    throwIfCancelled(signal)
    if (await isOwnFolder(root, folder)) {
      const found = await take()
      if (found !== null) return found
    }
    await makeFolders(root)
    await makeOwnFolders(root, folder)
    const lock = await lockUnlessHeld(folder, signal)
    if (lock) {
      try {
        return (await take()) ?? (await make(() => lock.isHeld()))
      } finally {
        await lock.release()
      }
    }
    if (!wait) return null
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined)
  }
}

/** Takes the lock of the folder; null if a living run has it. */
async function lockUnlessHeld(folder: string, signal: AbortSignal | undefined): Promise<RunLock | null> {
  try {
    return await lockRun(folder, { signal })
  } catch (error) {
    if (error instanceof EngineError && error.code === 'exists') return null
    throw error
  }
}
