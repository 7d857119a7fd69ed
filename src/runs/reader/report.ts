// report.json of a run, which is not trusted, and whether a run is done.
import { existsSync } from 'node:fs'
import { EngineError } from '../../errors.ts'
import { protocolIn } from '../compared/paperTable.ts'
import { readOwn } from '../../system/ownFile.ts'
import type { RunFolder } from '../folder/runFolder.ts'
import { endOfRun } from '../events/parseEvents.ts'

const largestReport = 2 ** 26

/** The parsed report; null: not written yet. @throws EngineError 'bad-data' if it is cut short, as by a copy, or not a file. */
export async function readReport({ path, report }: RunFolder): Promise<unknown> {
  try {
    return JSON.parse(await readOwn(report, largestReport))
  } catch (error) {
    if (error instanceof EngineError && error.code === 'not-found') return null
    if (error instanceof EngineError) throw error
    const message = `${report} is damaged: copy it again, or remove ${path} to run it anew`
    throw new EngineError('bad-data', message, { cause: error })
  }
}

/** What its report says of how its numbers were measured; empty without a readable report. */
export async function readProtocol(folder: RunFolder): Promise<string[]> {
  return protocolIn(await readReport(folder).catch(() => null))
}

/**
 * Whether a run is done, over any number of processes. Its report is written first and its end last, so
 * one without the other is of a process that was killed in between: the run is resumed, with nothing left to compute.
 */
export async function isDone({ report, events }: RunFolder): Promise<boolean> {
  return existsSync(report) && (await endOfRun(events))?.status === 'done'
}
