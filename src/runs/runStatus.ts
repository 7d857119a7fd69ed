// The state of a run of a sweep, from its folder and its sweep's folder: one rule for the command line and the editor.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunEnd } from './events/parseEvents.ts'
import type { SweepRunState } from './compared/sweepTable.ts'
import { EngineError } from '../errors.ts'
import { writeAtomic } from '../system/atomicFile.ts'
import { readOwn, removeOwn, isOwnFolder, makeOwnFolders } from '../system/ownFile.ts'
import { parseRecorded } from './folder/recorded.ts'
import type { SweepFolder } from './folder/sweepFolder.ts'
import * as z from 'zod/mini'

export interface SweepRunStatus {
  readonly state: SweepRunState
  /** Why the run failed, if it did and the reason is known. */
  readonly message: string | null
}

/** Signs of a run in its folder. */
export interface RunSigns {
  /** A process has the run: its lock changes. */
  readonly isHeld: boolean
  /** The last event, if it is an end: a resumed run writes `start` again. */
  readonly end: RunEnd | null
  /** A run writes its report, then says its end: it is done when both are there. */
  readonly hasReport: boolean
}

/** Signs of a run in its sweep, outside its folder. */
export interface SweepSigns {
  /** An engine will still begin it, or begin it again. */
  readonly isQueued: boolean
  readonly isCancelled: boolean
  /** Why its last process could not begin or continue the run, or why it failed; null: unknown. */
  readonly refusal: string | null
}

/** Signs for a run that belongs to no sweep. */
export const outsideSweep: SweepSigns = { isQueued: false, isCancelled: false, refusal: null }

/** Status of a run whose folder exists. `command` continues the run. */
function statusOf({ isHeld, end, hasReport }: RunSigns, isQueued: boolean, command: string): SweepRunStatus {
  if (isHeld) return { state: 'running', message: null }
  if (hasReport && end?.status === 'done') return { state: 'done', message: null }
  if (isQueued) return { state: 'waiting', message: null }
  // A cancelled run's message only says how to resume it by itself, so it is left out.
  if (end?.status === 'cancelled') return { state: 'cancelled', message: null }
  if (end?.status === 'failed') return { state: 'failed', message: end.message ?? null }
  return { state: 'failed', message: `its process ended without a message; ${command} continues it` }
}

/** `signs` null: the run has no folder yet. */
export function statusInSweep(
  signs: RunSigns | null,
  { isQueued, isCancelled, refusal }: SweepSigns,
  command = 'sparsescope sweep run',
): SweepRunStatus {
  const own = signs ? statusOf(signs, isQueued, command) : notBegun(isQueued ? null : refusal)
  const isOpen = own.state === 'cancelled' || own.state === 'failed'
  const status: SweepRunStatus = isOpen && refusal !== null ? { state: 'failed', message: refusal } : own
  // A run that was stopped on purpose may have had no time to record that.
  const stopped = status.state === 'failed' || status.state === 'waiting'
  return isCancelled && stopped ? { state: 'cancelled', message: null } : status
}

function notBegun(refusal: string | null): SweepRunStatus {
  return { state: refusal === null ? 'waiting' : 'failed', message: refusal }
}

// Files in the sweep's folder about runs that are cancelled before they begin, or refused.

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

/** Forgets the cancellation of one run that is started individually. */
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

/** Why runs could not begin or continue, by index. */
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

/** Cancellations and refusals of all runs. `queued`: runs that an engine will still begin. @throws EngineError. */
export async function readSweepSigns(
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
