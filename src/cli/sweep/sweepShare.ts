// How far a sweep is: the runs that are done, and of each that goes on the share that it has told of itself.
import { EventTail } from '../../runs/events/eventTail.ts'
import { runFolderAt } from '../../runs/folder/runFolder.ts'
import { runPathOf, type SweepFolder } from '../../runs/folder/sweepFolder.ts'
import { foldLeanLines } from '../../runs/picture/leanLines.ts'
import { emptyLeanRun, type LeanRun } from '../../runs/series/leanRun.ts'
import type { Progress } from '../terminal/progressText.ts'

/** Least share of the whole sweep that says anything about the pace. */
const leastShare = 0.01

export interface SweepShare {
  /** Reads what the runs `going` have said since. */
  read(done: number, going: Iterable<number>): Promise<Progress>
}

/** `now`: milliseconds. */
export function createSweepShare(folder: SweepFolder, total: number, now = () => performance.now()): SweepShare {
  const read = new Map<number, { readonly tail: EventTail; run: LeanRun }>()
  const shareOf = async (index: number) => {
    const one = read.get(index) ?? { tail: new EventTail(), run: emptyLeanRun() }
    read.set(index, one)
    const take = (lines: Buffer, isAnew: boolean) => {
      if (isAnew) one.run = emptyLeanRun()
      foldLeanLines(one.run, lines)
    }
    // A run that has just been started has said nothing yet.
    await one.tail.readNew(runFolderAt(runPathOf(folder, index)).events, take).catch(() => undefined)
    return one.run.picture.overall ?? 0
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
