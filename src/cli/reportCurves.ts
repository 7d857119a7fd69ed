// The part of `sparsescope report` that writes curves for trackers: CSV by step, and event files of TensorBoard.
import { basename, join } from 'node:path'
import type { ReadRun } from '../engine/sweep/compareRuns.ts'
import { EventTail } from '../runs/events/eventTail.ts'
import { parseEvents } from '../runs/events/parseEvents.ts'
import { runName } from '../formatting/runName.ts'
import { tfevents } from '../catalog/formats/tfevents.ts'
import { createScalarFold, type Scalar } from '../runs/series/scalars.ts'
import { scalarsCsv } from '../runs/series/scalarsCsv.ts'
import { placeNames } from '../formatting/placeNames.ts'
import type { RunFolder } from '../runs/folder/runFolder.ts'
import { sweepOfRun } from '../runs/folder/sweepFolder.ts'
import { writeAtomic } from '../system/atomicFile.ts'
import { makeFolders } from '../system/makeFolders.ts'
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
    begun.push({ name: nameAmong(runs, { name, folder }), started: startOf(folder.path), scalars: fold.scalars() })
  }
  if (csv !== undefined) await replaceFile(csv, scalarsCsv(begun))
  if (tensorboard !== undefined)
    for (const [i, folder] of placeNames(begun.map(({ name }) => name)).entries())
      await writeEventFile(join(tensorboard, folder), begun[i])
  return [csv, tensorboard].flatMap((path) => path ?? [])
}

/** Runs of one recipe, or of two sweeps of it, are called alike: their folders tell them apart. */
function nameAmong(runs: readonly ReadRun[], { name, folder }: { name: string; folder: RunFolder }): string {
  if (runs.filter((other) => other.name === name).length === 1) return name
  const sweep = sweepOfRun(folder.path)
  return sweep === null ? basename(folder.path) : `${basename(sweep)} ${name}`
}

/** Milliseconds; the run of a sweep begins with its sweep. */
function startOf(path: string): number {
  return runName(basename(sweepOfRun(path) ?? path)).started
}

/** One folder a run, as TensorBoard tells them apart; written again, the file replaces the one before. */
async function writeEventFile(
  folder: string,
  { started, scalars }: { started: number; scalars: readonly Scalar[] },
): Promise<void> {
  await makeFolders(folder)
  const began = started / 1000
  const events = scalars.map(({ name: tag, step, t, value }) => ({ tag, step, time: began + t / 1000, value }))
  await writeAtomic(join(folder, `events.out.tfevents.${Math.floor(began)}.sparsescope`), tfevents(began, events))
}
