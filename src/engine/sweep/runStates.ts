// The table of a sweep, from what its folder says; an engine is asked only who is alive.
import { runPathOf } from '../../runs/folder/sweepFolder.ts'
import { readRunsOnce } from '../../runs/reader/runsReader.ts'
import { readSweepSigns } from '../../runs/runStatus.ts'
import type { SweepTable } from '../../runs/compared/sweepTable.ts'
import { temporaryBeside, writeAtomic } from '../../system/atomicFile.ts'
import { jsonText, type Sweep } from './openSweep.ts'

/** Runs, of those that are not here, that an engine will still begin, or begin again. */
export type Queued = ReadonlySet<number>

export async function sweepTable(sweep: Sweep, engine: string, queued: Queued = new Set()): Promise<SweepTable> {
  const { id, folder } = sweep
  const places = sweep.runs.map(({ index, name, settings }) => ({ name, settings, folder: runPathOf(folder, index) }))
  const read = await readRunsOnce(places, () => readSweepSigns(folder, queued))
  const rows = read.map(({ place: { name, folder: path }, settings, standing, isBegun, results }, index) => {
    return { index, name, settings, ...standing, run: isBegun ? path : null, results }
  })
  return { id, engine, runs: rows }
}

/** Rewrites sweep.json until it says what the folder says: of several runs that end at once each sees to it. */
export async function writeTable(sweep: Sweep, engine: string): Promise<SweepTable> {
  const ended = ({ runs }: SweepTable) => JSON.stringify(runs.map(({ state }) => state))
  for (let table = await sweepTable(sweep, engine); ;) {
    await writeAtomic(sweep.folder.table, [jsonText(table)], temporaryBeside(sweep.folder.table))
    const now = await sweepTable(sweep, engine)
    if (ended(now) === ended(table)) return now
    table = now
  }
}
