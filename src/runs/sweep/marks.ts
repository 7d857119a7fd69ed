// What a sweep's folder says of runs whose own folder cannot say it: cancelled before they began, or refused.
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readOwn } from '../../system/ownFile.ts'
import { writeAtomic } from '../../system/atomicFile.ts'
import { parseRecorded } from '../folder/recorded.ts'
import type { SweepFolder } from '../folder/sweepFolder.ts'
import { cancelledShape } from './sweepSchema.ts'

/** Runs that are to stop, or not to begin. */
export async function cancelledRuns({ cancelled }: SweepFolder): Promise<ReadonlySet<number>> {
  const text = await readOwn(cancelled).catch(() => null)
  return new Set(text === null ? [] : parseRecorded(cancelledShape, text, cancelled).indices)
}

export async function cancelRuns(folder: SweepFolder, indices: Iterable<number>): Promise<void> {
  const all = new Set([...(await cancelledRuns(folder)), ...indices])
  await writeAtomic(folder.cancelled, [`${JSON.stringify({ indices: [...all].sort((a, b) => a - b) })}\n`])
}

/** Whoever runs a sweep again means all of it. */
export async function forgetCancelled({ cancelled }: SweepFolder): Promise<void> {
  await rm(cancelled, { force: true })
}

const refusal = ({ refused }: SweepFolder, index: number) => join(refused, `${index}.txt`)

export async function noteRefused(folder: SweepFolder, index: number, message: string): Promise<void> {
  await mkdir(folder.refused, { recursive: true })
  await writeAtomic(refusal(folder, index), [`${message}\n`])
}

export async function forgetRefused(folder: SweepFolder, index: number): Promise<void> {
  await rm(refusal(folder, index), { force: true })
}

/** Why a run could not begin, or not go on; null: nothing is known of that. */
export async function whyRefused(folder: SweepFolder, index: number): Promise<string | null> {
  const text = await readOwn(refusal(folder, index), 2 ** 16).catch(() => null)
  return text?.trim() ?? null
}
