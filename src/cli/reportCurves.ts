// The part of `sparsescope report` that writes curves for trackers: CSV by step.
import { basename } from 'node:path'
import type { ReadRun } from '../engine/sweep/compareRuns.ts'
import { EventTail } from '../runs/events/eventTail.ts'
import { parseEvents } from '../runs/events/parseEvents.ts'
import { createScalarFold, type Scalar, scalarsCsv } from '../runs/series/scalars.ts'
import type { RunFolder } from '../runs/folder/runFolder.ts'
import { sweepOfRun } from '../runs/folder/sweepFolder.ts'
import { replaceFile } from './replaceFile.ts'

/** Replaces the file `csv`. Runs without events are left out. @throws EngineError 'disk'. */
export async function writeCurves(runs: readonly ReadRun[], csv: string): Promise<void> {
  const begun: { name: string; scalars: Scalar[] }[] = []
  for (const { folder, name } of runs) {
    if (!folder) continue
    const fold = createScalarFold()
    const take = (lines: Buffer) => fold.add(parseEvents(lines.toString().split('\n')))
    await new EventTail().readNew(folder.events, take).catch(() => undefined)
    begun.push({ name: nameAmong(runs, { name, folder }), scalars: fold.scalars() })
  }
  await replaceFile(csv, scalarsCsv(begun))
}

/** Runs of one recipe, or of two sweeps of it, are called alike: their folders tell them apart. */
function nameAmong(runs: readonly ReadRun[], { name, folder }: { name: string; folder: RunFolder }): string {
  if (runs.filter((other) => other.name === name).length === 1) return name
  const sweep = sweepOfRun(folder.path)
  return sweep === null ? basename(folder.path) : `${basename(sweep)} ${name}`
}
