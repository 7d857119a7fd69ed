// Marks in a sweep's folder for runs whose own folder cannot tell: cancelled before they began, or refused.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { EngineError } from '../../errors.ts'
import { writeAtomic } from '../../system/atomicFile.ts'
import { isOwnFolder, makeOwnFolders, readOwn, removeOwn } from '../../system/ownFile.ts'
import { parseRecorded } from '../folder/recorded.ts'
import type { SweepFolder } from '../folder/sweepFolder.ts'
import type { SweepSigns } from './standing.ts'

/** cancelled.json. */
const cancelledShape = z.object({
  indices: z.array(z.int().check(z.minimum(0), z.maximum(1e6))).check(z.maxLength(1e6)),
})
const largestCancelled = 2 ** 23
const largestRefusal = 2 ** 16

/** Runs that are to stop, or not to begin. @throws EngineError 'bad-data' for a file that this program has not written. */
export async function cancelledRuns({ cancelled }: SweepFolder): Promise<ReadonlySet<number>> {
  try {
    return new Set(parseRecorded(cancelledShape, await readOwn(cancelled, largestCancelled), cancelled).indices)
  } catch (error) {
    if (error instanceof EngineError && error.code === 'not-found') return new Set()
    throw error
  }
}

export async function cancelRuns(folder: SweepFolder, indices: Iterable<number>): Promise<void> {
  await writeCancelled(folder, new Set([...(await cancelledRuns(folder)), ...indices]))
}

async function writeCancelled({ cancelled }: SweepFolder, indices: ReadonlySet<number>): Promise<void> {
  await writeAtomic(cancelled, [`${JSON.stringify({ indices: [...indices].sort((a, b) => a - b) })}\n`])
}

/** Forgets cancellations: running a sweep again means all of it. */
export async function forgetCancelled({ cancelled }: SweepFolder): Promise<void> {
  await removeOwn(cancelled)
}

/** Forgets that of one run, which is begun by itself. */
export async function forgetCancelledRun(folder: SweepFolder, index: number): Promise<void> {
  const left = new Set(await cancelledRuns(folder))
  if (left.delete(index)) await writeCancelled(folder, left)
}

const refusal = ({ refused }: SweepFolder, index: number) => join(refused, `${index}.txt`)

export async function noteRefused(folder: SweepFolder, index: number, message: string): Promise<void> {
  await makeOwnFolders(folder.path, folder.refused)
  await writeAtomic(refusal(folder, index), [`${message}\n`])
}

export async function forgetRefused(folder: SweepFolder, index: number): Promise<void> {
  if (await isOwnFolder(folder.path, folder.refused)) await removeOwn(refusal(folder, index))
}

/** Why runs could not begin, or not go on, by index. */
async function refusals({ path, refused }: SweepFolder): Promise<ReadonlyMap<number, string>> {
  if (!(await isOwnFolder(path, refused))) return new Map()
  const found = new Map<number, string>()
  for (const name of await readdir(refused)) {
    if (!/^\d{1,6}\.txt$/.test(name)) continue
    const text = await readOwn(join(refused, name), largestRefusal).catch(() => null)
    if (text !== null) found.set(Number.parseInt(name, 10), text.trim())
  }
  return found
}

/** Both, for a look at all runs. `queued`: those that an engine will still begin. @throws EngineError, as they do. */
export async function readMarks(
  folder: SweepFolder,
  queued: ReadonlySet<number>,
): Promise<(index: number) => SweepSigns> {
  const [cancelled, refused] = await Promise.all([cancelledRuns(folder), refusals(folder)])
  return (index) => ({
    isQueued: queued.has(index),
    isCancelled: cancelled.has(index),
    refusal: refused.get(index) ?? null,
  })
}
