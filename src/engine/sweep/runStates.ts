// How far each run of a sweep is, from what its folder says; an engine is asked only who is alive.
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { parseEvents } from '../../runs/events/parseEvents.ts'
import { emptyPicture, foldEvents } from '../../shared/series/foldRun.ts'
import { resultOf, type RunResult } from '../../shared/series/runResult.ts'
import type { SweepRun } from '../../shared/sweep/expandSweep.ts'
import { resultOfPicture } from '../../shared/sweep/liveResults.ts'
import { standingInSweep, type RunSigns } from '../../runs/sweep/standing.ts'
import { sweepResults, type SweepRow, type SweepRunState, type SweepTable } from '../../shared/sweep/sweepTable.ts'
import { readOwn } from '../../system/ownFile.ts'
import { EngineError } from '../errors.ts'
import { isHeld } from '../../runs/lock/isHeld.ts'
import { writeAtomic } from '../../system/atomicFile.ts'
import { runFolderAt, type RunFolder } from '../../runs/folder/runFolder.ts'
import { cancelledRuns, whyRefused } from '../../runs/sweep/marks.ts'
import { jsonText, type Sweep } from './openSweep.ts'
import { runPathOf } from '../../runs/folder/sweepFolder.ts'

/** What an engine knows of runs that are not here: those that it will still begin, or begin again. */
export type Queued = ReadonlySet<number>

export async function sweepTable(sweep: Sweep, engine: string, queued: Queued = new Set()): Promise<SweepTable> {
  const cancelled = await cancelledRuns(sweep.folder)
  const rows = sweep.runs.map((run) => rowOf(sweep, run, cancelled, queued))
  return { id: sweep.id, engine, runs: await Promise.all(rows) }
}

/** Rewrites sweep.json until it says what the folder says: of several runs that end at once each sees to it. */
export async function writeTable(sweep: Sweep, engine: string): Promise<SweepTable> {
  const ended = ({ runs }: SweepTable) => JSON.stringify(runs.map(({ state }) => state))
  for (let table = await sweepTable(sweep, engine); ;) {
    const temporary = `${sweep.folder.table}.${randomBytes(8).toString('hex')}.tmp`
    await writeAtomic(sweep.folder.table, [jsonText(table)], temporary)
    const now = await sweepTable(sweep, engine)
    if (ended(now) === ended(table)) return now
    table = now
  }
}

async function rowOf(sweep: Sweep, run: SweepRun, cancelled: ReadonlySet<number>, queued: Queued): Promise<SweepRow> {
  const { index, name, settings } = run
  const folder = runFolderAt(runPathOf(sweep.folder, index))
  const has = existsSync(folder.path)
  const standing = standingInSweep(has ? await signsOf(folder) : null, {
    isQueued: queued.has(index),
    isCancelled: cancelled.has(index),
    refusal: await whyRefused(sweep.folder, index),
  })
  const row = { index, name, settings, ...standing, run: has ? folder.path : null }
  if (!has) return { ...row, results: sweepResults(resultOf(null)) }
  try {
    return { ...row, results: sweepResults(await resultSoFar(folder, standing.state)) }
  } catch (error) {
    // One run's damage is not the others'.
    if (!(error instanceof EngineError)) throw error
    return { ...row, state: 'failed', message: error.message, results: sweepResults(resultOf(null)) }
  }
}

/** Of a run folder that is there. */
export async function signsOf(folder: RunFolder): Promise<RunSigns> {
  // In this order: one that ends meanwhile has said so before it lets go.
  const held = await isHeld(folder.path)
  return { isHeld: held, end: await endOf(folder), hasReport: existsSync(folder.report) }
}

/** Whether a run has come to a good end, however many processes it took: its report is the last thing it writes. */
export async function isDone(folder: RunFolder): Promise<boolean> {
  return existsSync(folder.report) && (await endOf(folder))?.status === 'done'
}

const tailBytes = 2 ** 16

/** The last thing a run said, where that is its end: after it a run that goes on says `start` again. */
async function endOf({ events }: RunFolder) {
  const file = await open(events, 'r').catch(() => null)
  if (!file) return null
  try {
    const { size } = await file.stat()
    const start = Math.max(0, size - tailBytes)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start)
    const last = parseEvents(buffer.toString('utf8', 0, bytesRead).split('\n')).at(-1)
    return last?.type === 'end' ? last : null
  } finally {
    await file.close()
  }
}

/** @throws EngineError 'bad-data' when it was cut short, as by a copy. */
export async function reportIn({ path, report }: RunFolder): Promise<unknown> {
  const text = await readOwn(report)
  try {
    return JSON.parse(text)
  } catch (error) {
    const message = `${report} is damaged: copy it again, or remove ${path} to run it anew`
    throw new EngineError('bad-data', message, { cause: error })
  }
}

/** From the report of a run that is done, else from what it has said. */
export async function resultSoFar(folder: RunFolder, state: SweepRunState): Promise<Omit<RunResult, 'output'>> {
  if (state === 'done') return resultOf(await reportIn(folder))
  const text = await readOwn(folder.events, Infinity).catch(() => '')
  return resultOfPicture(foldEvents(emptyPicture(), parseEvents(text.split('\n'))))
}
