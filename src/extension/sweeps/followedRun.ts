// One of the runs that are compared, as its folder shows it: state, results, and what its curves need. A look at a run that nobody
// has read reads the end of its events and its report, so that hundreds are seen at once; all of its events are read when its
// results, or its curve, cannot be told without.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { lockName } from '../../runs/lock/lockText.ts'
import { parseEvents } from '../../runs/events/parseEvents.ts'
import type { ComparedRow } from '../../shared/protocol/sweepView.ts'
import { foldLeanLines } from '../../runs/picture/leanLines.ts'
import { emptyLeanRun, type LeanRun } from '../../shared/series/leanRun.ts'
import { phaseName } from '../../shared/series/recoveryName.ts'
import { resultOf } from '../../shared/series/runResult.ts'
import { resultOfPicture } from '../../shared/sweep/liveResults.ts'
import type { Settings } from '../../shared/sweep/settings.ts'
import { standingInSweep, type RunSigns, type Standing, type SweepSigns } from '../../runs/sweep/standing.ts'
import { sweepResults, type SweepResults } from '../../shared/sweep/sweepTable.ts'
import { openRunFile, readEventLines } from '../disk/runFiles.ts'
import { LockWatch } from '../disk/runHolder.ts'
import { readReport } from '../disk/runResult.ts'

/** Where a run is, or will be. */
export interface RunPlace {
  readonly name: string
  readonly settings: Settings
  readonly folder: string
}

/** The last line of a run that is done is short; a reason may be long. */
const tailBytes = [2 ** 9, 2 ** 16]
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
  /** A process may have it: its lock has to be looked at again. */
  isDoubtful = false
  private readonly lock = new LockWatch()
  private offset = 0
  private seen = ''
  /** Stamp of the events when they, or their end, were last read. */
  private readAt = ''
  private end: RunSigns['end'] = null
  private reading: Promise<void> | null = null

  constructor(place: RunPlace) {
    this.place = place
  }

  /** Looks at the folder. Whether anything has changed. */
  async look(around: SweepSigns): Promise<boolean> {
    const { folder } = this.place
    const files = ['events.jsonl', lockName, 'report.json'].map((name) => stampOf(join(folder, name)))
    const [events, lock, report] = await Promise.all(files)
    const isThere = (events ?? lock ?? report ?? (await stampOf(folder))) !== null
    const now = [events?.text, lock?.text, report?.text, isThere, JSON.stringify(around)].join(' ')
    const [isSame, wasRunning] = [now === this.seen, this.standing.state === 'running']
    if (isSame && !wasRunning && !this.isDoubtful) return false
    await this.readSome(events)
    const isDone = this.lastSaid()?.status === 'done' && report !== null
    const held = lock === null || isDone ? false : await this.lock.isHeld(folder, lock.changedMs)
    // Whoever lets go has said why before: what came since is looked at once more.
    if (held === false && wasRunning) await this.readSome(await stampOf(join(folder, 'events.jsonl')))
    const [standing, wasDoubtful] = [this.standing, this.isDoubtful]
    this.isDoubtful = held === null
    // What it was until now it is until more is known.
    if (held !== null || wasRunning) {
      const signs = { isHeld: held ?? wasRunning, end: this.lastSaid(), hasReport: report !== null }
      await this.take(standingInSweep(isThere ? signs : null, around), isThere)
    } else await this.take(standing, isThere)
    this.seen = now
    return !isSame || wasDoubtful !== this.isDoubtful || standing.state !== this.standing.state
  }

  /** Its results are in what it has said, and nobody has read that. */
  get isUnread(): boolean {
    return this.lean === null && this.isBegun && this.standing.state !== 'done'
  }

  /** Reads all that it has said, once; from then on `look` reads what is new. Whether there was anything to read. */
  async readWhole(): Promise<boolean> {
    if (this.lean || !this.isBegun) return false
    await this.readOn()
    if (this.lean === null) return false
    await this.take(this.standing, this.isBegun)
    return true
  }

  row(index: number): ComparedRow {
    const { name, settings } = this.place
    const { standing, results, trainablePercent, isBegun } = this
    return { index, name, settings, ...standing, results, trainablePercent, isBegun, progress: this.progress() }
  }

  progress(): ComparedRow['progress'] {
    if (this.standing.state !== 'running') return null
    if (!this.lean) return { share: null, text: 'being read' }
    const { overall, phases } = this.lean.picture
    const latest = phases.at(-1)
    return { share: overall, text: latest ? phaseName(latest) : 'starting' }
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

  /** What is new of one that has been read; of another one its end alone. */
  private async readSome(events: Stamp | null): Promise<void> {
    if (events?.text === this.readAt && events !== null) return
    if (this.lean) await this.readOn()
    else this.end = events === null ? null : await endOf(join(this.place.folder, 'events.jsonl')).catch(() => null)
    this.readAt = events?.text ?? ''
  }

  /** One reading at a time: two would count what is new twice. */
  private readOn(): Promise<void> {
    this.reading ??= this.readNew().finally(() => (this.reading = null))
    return this.reading
  }

  private async readNew(): Promise<void> {
    for (;;) {
      const file = await readEventLines(this.place.folder, this.offset).catch(() => null)
      if (!file) {
        if (this.lean && this.offset > 0) this.startOver()
        return
      }
      if (file.from < this.offset) this.startOver()
      this.lean ??= emptyLeanRun()
      foldLeanLines(this.lean, file.lines)
      if (file.to === this.offset) return
      this.offset = file.to
    }
  }

  private startOver(): void {
    this.lean = null
    this.offset = 0
    this.beginnings++
  }
}

interface Stamp {
  /** Tells one state of a file from another. */
  readonly text: string
  readonly changedMs: number
}

/** null: there is nothing. */
async function stampOf(path: string): Promise<Stamp | null> {
  const facts = await stat(path).catch(() => null)
  return facts && { text: facts.isFile() ? `${facts.size}:${facts.mtimeMs}` : '', changedMs: facts.mtimeMs }
}

/** The last thing that was said, where it is an end. */
async function endOf(path: string): Promise<RunSigns['end']> {
  const file = await openRunFile(path)
  try {
    const { size } = await file.stat()
    for (const bytes of tailBytes) {
      const start = Math.max(0, size - bytes)
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start)
      const lines = buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n')
      // Of the first one the beginning may be missing.
      if (lines.length === 1 && start > 0) continue
      const last = parseEvents(lines.slice(start > 0 ? 1 : 0)).at(-1)
      return last?.type === 'end' ? last : null
    }
    return null
  } finally {
    await file.close()
  }
}
