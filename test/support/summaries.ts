// The summary of a run whose folder a test has written.
import { readFileSync, writeFileSync } from 'node:fs'
import { parseEvents } from '../../src/runs/events/parseEvents.ts'
import { runFolderAt } from '../../src/runs/folder/runFolder.ts'
import { encodeSummary, type RunSummary, SummaryFold } from '../../src/runs/series/runSummary.ts'

/** What the events of a run's folder add up to. */
export function summaryOfEvents(folder: string): RunSummary {
  const fold = new SummaryFold()
  fold.add(parseEvents(readFileSync(runFolderAt(folder).events, 'utf8').split('\n')))
  return fold.summary()
}

/** Writes it, as the run would. */
export function writeSummary(folder: string): void {
  writeFileSync(runFolderAt(folder).summary, encodeSummary(summaryOfEvents(folder)))
}
