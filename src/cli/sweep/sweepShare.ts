// How far a sweep is: the runs that are done, and of each that goes on the share that it has told of itself.
import { readSummary, summaryOfEvents } from '../../runs/events/summary.ts'
import { runFolderAt } from '../../runs/folder/runFolder.ts'
import { runPathOf, type SweepFolder } from '../../runs/folder/sweepFolder.ts'
import type { Progress } from '../terminal/progressText.ts'

/** Least share of the whole sweep that says anything about the pace. */
const leastShare = 0.01

export interface SweepShare {
  /** Reads what the runs `going` have said since. */
  read(done: number, going: Iterable<number>): Promise<Progress>
}

/** `now`: milliseconds. */
export function createSweepShare(folder: SweepFolder, total: number, now = () => performance.now()): SweepShare {
  const shareOf = async (index: number) => {
    const run = runFolderAt(runPathOf(folder, index))
    // A run that has just been started has written no summary yet.
    return ((await readSummary(run)) ?? (await summaryOfEvents(run)))?.overall ?? 0
  }
  let first: { readonly at: number; readonly share: number } | null = null
  return {
    async read(done, going) {
      const shares = await Promise.all([...going].map(shareOf))
      const share = Math.min(1, shares.reduce((sum, one) => sum + one, done) / Math.max(1, total))
      first ??= { at: now(), share }
      const gained = share - first.share
      const secondsLeft = gained < leastShare ? null : ((now() - first.at) / 1000 / gained) * (1 - share)
      return { what: 'sweep', count: { done, total, unit: 'runs' }, share, secondsLeft }
    },
  }
}
