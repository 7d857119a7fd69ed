// summary.json of a run's folder: what its events add up to (series/runSummary.ts), so that lists of hundreds of runs read a few
// kilobytes of each. The run replaces the file whole every two seconds, and at its end before it says so. A process that was killed
// leaves one that is some seconds old.
import type { RunEvent } from '../series/events.ts'
import { encodeSummary, parseSummary, SummaryFold, type RunSummary } from '../series/runSummary.ts'
import { writeAtomic } from '../../system/atomicFile.ts'
import { readOwn } from '../../system/ownFile.ts'
import type { RunFolder } from '../folder/runFolder.ts'
import { EventTail } from './eventTail.ts'
import { parseEvents } from './parseEvents.ts'

const writeEveryMs = 2000
const largestSummary = 2 ** 20
/** Events of an untrusted run are not added up beyond so many bytes. */
const mostEventBytes = 2 ** 28

/** The summary of a run; null if it is missing, or is not a summary of this version. */
export async function readSummary({ summary }: Pick<RunFolder, 'summary'>): Promise<RunSummary | null> {
  return parseSummary(await readOwn(summary, largestSummary).catch(() => ''))
}

/** Adds the events of a file, as far as they can be read. */
async function addAll(fold: SummaryFold, events: string): Promise<void> {
  let bytes = 0
  const take = (lines: Buffer) => {
    bytes += lines.length
    if (bytes <= mostEventBytes) fold.add(parseEvents(lines.toString().split('\n')))
  }
  await new EventTail().readNew(events, take).catch(() => undefined)
}

export interface SummaryFile {
  /** Adds an event. The file is sometimes replaced, in the background. */
  add(event: RunEvent): void
  /** Replaces the file by all that was added. Never throws: it holds nothing that the events do not. */
  write(): Promise<void>
}

/**
 * The summary of a run that begins, or continues after the events in its folder. `isOurs`: false when the folder has become
 * another process's; nothing is written then.
 */
export async function openSummary(folder: RunFolder, isOurs: () => boolean): Promise<SummaryFile> {
  const fold = new SummaryFold()
  await addAll(fold, folder.events)
  let writing = Promise.resolve()
  let isWriting = false
  let writtenAt = performance.now()
  const write = () => {
    isWriting = true
    writing = writing
      .then(() => (isOurs() ? writeAtomic(folder.summary, [encodeSummary(fold.summary())]) : undefined))
      .catch(() => undefined)
      .finally(() => {
        isWriting = false
        writtenAt = performance.now()
      })
    return writing
  }
  return {
    add(event) {
      fold.add([event])
      if (!isWriting && performance.now() - writtenAt >= writeEveryMs) void write()
    },
    write,
  }
}
