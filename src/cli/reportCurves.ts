// The part of `sparsescope report` that writes curves for trackers: CSV by step, and event files of TensorBoard.
import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ReadRun } from '../engine/sweep/compareRuns.ts'
import { EventTail } from '../runs/events/eventTail.ts'
import { parseEvents } from '../runs/events/parseEvents.ts'
import { runName } from '../shared/format/runName.ts'
import { tfevents } from '../shared/format/tfevents.ts'
import { createScalarFold, type Scalar } from '../shared/series/scalars.ts'
import { scalarsCsv } from '../shared/series/scalarsCsv.ts'
import { writeAtomic } from '../system/atomicFile.ts'
import { replaceFile } from './replaceFile.ts'

export interface CurvePlaces {
  readonly csv?: string
  /** A folder, which TensorBoard is pointed at. */
  readonly tensorboard?: string
}

/** Paths that were written. Runs without events are left out. @throws EngineError 'disk'. */
export async function writeCurves(runs: readonly ReadRun[], { csv, tensorboard }: CurvePlaces): Promise<string[]> {
  const begun: { name: string; started: number; scalars: Scalar[] }[] = []
  for (const { folder, name } of runs) {
    if (!folder) continue
    const fold = createScalarFold()
    const take = (lines: Buffer) => fold.add(parseEvents(lines.toString().split('\n')))
    await new EventTail().readNew(folder.events, take).catch(() => undefined)
    // Runs of one recipe are called alike: their folders tell the time.
    const isAlone = runs.filter((other) => other.name === name).length === 1
    begun.push({
      name: isAlone ? name : basename(folder.path),
      started: runName(basename(folder.path)).started,
      scalars: fold.scalars(),
    })
  }
  if (csv !== undefined) await replaceFile(csv, scalarsCsv(begun))
  if (tensorboard !== undefined) for (const one of begun) await writeEventFile(tensorboard, one)
  return [csv, tensorboard].flatMap((path) => path ?? [])
}

/** One folder a run, as TensorBoard tells them apart; written again, the file replaces the one before. */
async function writeEventFile(
  parent: string,
  { name, started, scalars }: { name: string; started: number; scalars: readonly Scalar[] },
): Promise<void> {
  // What a setting says may hold anything: a folder's name must not.
  const folder = join(parent, name.replace(/[^\p{L}\p{N}=.,+ #_-]+/gu, '_').replace(/^\.+/, '_') || 'run')
  await mkdir(folder, { recursive: true })
  const began = started / 1000
  const events = scalars.map(({ name: tag, step, t, value }) => ({ tag, step, time: began + t / 1000, value }))
  await writeAtomic(join(folder, `events.out.tfevents.${Math.floor(began)}.sparsescope`), tfevents(began, events))
}
