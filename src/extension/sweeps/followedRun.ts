// One of the runs that are compared, as its folder shows it: state, results, and what its curves need. Of a run that was done
// before anybody looked the end and the report are read; its events only when its curve is asked for.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { lockName } from '../../shared/format/runLock.ts'
import { parseEvents } from '../../shared/protocol/parseEvents.ts'
import type { ComparedRow } from '../../shared/protocol/sweepView.ts'
import { emptyLeanRun, foldLean, type LeanRun } from '../../shared/series/leanRun.ts'
import { phaseName } from '../../shared/series/recoveryName.ts'
import { resultOf } from '../../shared/series/runResult.ts'
import { resultOfPicture } from '../../shared/sweep/liveResults.ts'
import type { Settings } from '../../shared/sweep/settings.ts'
import { standingInSweep, type RunSigns, type Standing, type SweepSigns } from '../../shared/sweep/standing.ts'
import { sweepResults, type SweepResults } from '../../shared/sweep/sweepTable.ts'
import { openRunFile, readEvents } from '../runs/runFiles.ts'
import { isHeld } from '../runs/runHolder.ts'
import { readReport } from '../runs/runResult.ts'

/** Where a run is, or will be. */
export interface RunPlace {
  readonly name: string
  readonly settings: Settings
  readonly folder: string
}

const tailBytes = 2 ** 16
const nothing = sweepResults(resultOf(null))

export class FollowedRun {
  readonly place: RunPlace
  standing: Standing = { state: 'waiting', message: null }
  results: SweepResults = nothing
  trainablePercent: number | null = null
  isBegun = false
  /** What it has said; null while nobody needs all of it. */
  lean: LeanRun | null = null
  /** How often it has started over: curves of before do not go on. */
  beginnings = 0
  private offset = 0
  private seen = ''
  private end: RunSigns['end'] = null
  private reading: Promise<void> | null = null

  constructor(place: RunPlace) {
    this.place = place
  }

  /** Looks at the folder. Whether anything has changed. */
  async look(around: SweepSigns): Promise<boolean> {
    const { folder } = this.place
    const [events, lock, report, itself] = await Promise.all(
      ['events.jsonl', lockName, 'report.json', ''].map((name) => stampOf(join(folder, name))),
    )
    const now = [events, lock, report, itself === null, JSON.stringify(around)].join(' ')
    if (now === this.seen && this.standing.state !== 'running') return false
    if (this.lean || (await this.lastEnd(events))?.status !== 'done') await this.readOn()
    const isDone = this.lastSaid()?.status === 'done' && report !== null
    const held = itself !== null && !isDone && (await isHeld(folder))
    // Whoever lets go has said why before: what came since is looked at once more.
    if (!held && this.standing.state === 'running') await this.readOn()
    const signs = itself === null ? null : { isHeld: held, end: this.lastSaid(), hasReport: report !== null }
    await this.take(standingInSweep(signs, around), itself !== null)
    const changed = now !== this.seen
    this.seen = now
    return changed
  }

  /** Reads all that it has said, once; from then on `look` reads what is new. Whether there was anything to read. */
  async readWhole(): Promise<boolean> {
    if (this.lean || !this.isBegun) return false
    await this.readOn()
    return this.lean !== null
  }

  row(index: number): ComparedRow {
    const { name, settings } = this.place
    const { standing, results, trainablePercent, isBegun } = this
    return { index, name, settings, ...standing, results, trainablePercent, isBegun, progress: this.progress() }
  }

  progress(): ComparedRow['progress'] {
    if (this.standing.state !== 'running') return null
    const latest = this.lean?.picture.phases.at(-1)
    return { share: this.lean?.picture.overall ?? null, text: latest ? phaseName(latest) : 'starting' }
  }

  private async take(standing: Standing, isBegun: boolean): Promise<void> {
    this.standing = standing
    this.isBegun = isBegun
    const report = standing.state === 'done' ? resultOf(await readReport(this.place.folder)) : null
    this.trainablePercent = report?.trainablePercent ?? null
    this.results = report
      ? sweepResults(report)
      : this.lean
        ? sweepResults(resultOfPicture(this.lean.picture))
        : nothing
  }

  private lastSaid(): RunSigns['end'] {
    return this.lean ? this.lean.picture.end : this.end
  }

  /** From the end of the file alone. */
  private async lastEnd(events: string | null): Promise<RunSigns['end']> {
    this.end = events === null ? null : await endOf(join(this.place.folder, 'events.jsonl')).catch(() => null)
    return this.end
  }

  /** One reading at a time: two would count what is new twice. */
  private readOn(): Promise<void> {
    this.reading ??= this.readNew().finally(() => (this.reading = null))
    return this.reading
  }

  private async readNew(): Promise<void> {
    for (;;) {
      const file = await readEvents(this.place.folder, { events: [], offset: this.offset }).catch(() => null)
      if (!file) {
        if (this.lean && this.offset > 0) this.startOver()
        return
      }
      if (file.offset < this.offset) this.startOver()
      this.lean ??= emptyLeanRun()
      foldLean(this.lean, file.events)
      if (file.offset === this.offset) return
      this.offset = file.offset
    }
  }

  private startOver(): void {
    this.lean = null
    this.offset = 0
    this.beginnings++
  }
}

/** Tells one state of a file from another; null where there is none. */
async function stampOf(path: string): Promise<string | null> {
  const facts = await stat(path).catch(() => null)
  return facts && (facts.isFile() ? `${facts.size}:${facts.mtimeMs}` : '')
}

async function endOf(path: string): Promise<RunSigns['end']> {
  const file = await openRunFile(path)
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
