// A run as its folder shows it: how far it is, what it came to, and what its curves need. A look reads the end of its events and its
// report, so that hundreds are seen at once; all of its events are read when its results, or its curves, cannot be told without.
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError } from '../../errors.ts'
import { runName } from '../../formatting/paths.ts'
import type { RunStatus } from '../series/foldRun.ts'
import { emptyLeanRun, type LeanRun } from '../series/leanRun.ts'
import { resultOf, resultOfPicture, type RunResult } from '../series/runResult.ts'
import { unknownFacts, type RunFacts } from '../compared/comparedRun.ts'
import { sparklineOfReport, sparklineOfRun, type Sparkline } from '../compared/sparkline.ts'
import type { Settings } from '../../recipe/sweep/settings.ts'
import { sweepResults, type SweepResults } from '../compared/sweepTable.ts'
import { recipeInReport, recipeOfRun } from '../folder/recipes.ts'
import { runFolderAt, type RunFolder } from '../folder/runFolder.ts'
import { nameOfRun, sweepOfRun } from '../folder/sweepFolder.ts'
import { lockName } from '../lock/lockText.ts'
import { LockWatch } from '../lock/lockWatch.ts'
import { foldLeanLines } from '../picture/leanLines.ts'
import { statusInSweep, type SweepRunStatus, type SweepSigns } from '../runStatus.ts'
import { endOfRun, type RunEnd } from '../events/endOfRun.ts'
import { EventTail } from '../events/eventTail.ts'
import { readReport } from './report.ts'

/** Folder of a run, which may not be there yet, with the run's name and settings. */
export interface RunPlace {
  readonly name: string
  /** null: what differs between its recipe and those of the others. */
  readonly settings: Settings | null
  readonly folder: string
  /** As a sweep has planned it. */
  readonly recipe?: object | null
}

const nothing = sweepResults(resultOf(null))

export class RunReader {
  readonly place: RunPlace
  readonly folder: RunFolder
  /** The sweep's folder that it lies in; null for a run of its own. */
  readonly sweep: string | null
  /** Local time at which it began, for people and as a number; a sweep's for each of its runs. */
  readonly time: string
  readonly started: number
  /** What whoever has its process knows of it, before what its folder shows; null: its process is another's, if it has one. */
  here: 'running' | 'paused' | null = null
  settings: Settings
  /** Its shortest name among those that it is compared with. */
  label: string
  facts: RunFacts = unknownFacts
  /** Its own resolved recipe; null: not read, or not readable. */
  recipe: object | null = null
  standing: SweepRunStatus = { state: 'waiting', message: null }
  results: SweepResults = nothing
  /** Result of a run that is done. */
  report: RunResult | null = null
  /** From its report if it is done, else from its events where they have been read. */
  sparkline: Sparkline | null = null
  /** The last thing it said, where that is an end. */
  end: RunEnd | null = null
  isBegun = false
  /** It has events; a folder without them is no run yet. */
  hasSaid = false
  /** All events so far; null while nobody needs them. */
  lean: LeanRun | null = null
  /** How often it has started over: curves of before do not go on. */
  beginnings = 0
  /** A process may have it: its lock has to be looked at again. */
  isDoubtful = false
  private readonly lock = new LockWatch()
  /** The recipe in its report. */
  private reported: object | null = null
  private readonly tail = new EventTail()
  private looking: Promise<unknown> = Promise.resolve()
  private seen = ''
  /** Stamp of the events when they, or their end, were last read. */
  private readAt = ''

  constructor(place: RunPlace) {
    this.place = place
    this.label = place.name
    this.settings = place.settings ?? {}
    this.folder = runFolderAt(place.folder)
    this.sweep = sweepOfRun(place.folder)
    const { time, started } = nameOfRun(place.folder)
    this.time = time
    this.started = started
  }

  /** The recipe's. A folder may have been renamed: its events know what it was called. In a sweep they know its number alone. */
  get name(): string {
    const told = this.lean?.picture.name
    return told && this.sweep === null ? runName(told).name : nameOfRun(this.place.folder).name
  }

  /** One that stopped without saying so was interrupted: it can be resumed. */
  get status(): RunStatus {
    const { state } = this.standing
    const isOpen = state === 'waiting' || (state === 'failed' && this.end?.status !== 'failed')
    return this.here ?? (isOpen ? 'interrupted' : state)
  }

  /** The folder that it has written. */
  get saved(): string | null {
    return this.report?.output ?? this.lean?.picture.saved ?? null
  }

  /** Looks at the folder; one look after the other. Whether anything has changed. */
  look(around: SweepSigns): Promise<boolean> {
    const look = this.looking.then(() => this.lookNow(around))
    this.looking = look.catch(() => undefined)
    return look
  }

  private async lookNow(around: SweepSigns): Promise<boolean> {
    const { path, events: eventsPath, report: reportPath } = this.folder
    const [isRunning, standing, wasDoubtful] = [this.standing.state === 'running', this.standing, this.isDoubtful]
    // The lock is read first: a process writes its last event before it lets go of the lock.
    const lock = await stampOf(join(path, lockName))
    const held = lock === null ? this.lock.forget() : this.lock.isHeld(path, lock.changedMs)
    const [events, report] = await Promise.all([eventsPath, reportPath].map(stampOf))
    const isThere = (events ?? lock ?? report ?? (await stampOf(path))) !== null
    const now = [events?.text, lock?.text, report?.text, isThere, JSON.stringify(around)].join(' ')
    const isSame = now === this.seen
    this.hasSaid = events !== null
    if (isSame && !isRunning && !wasDoubtful) return false
    await this.readSome(events)
    const isOver = this.end?.status === 'done' && report !== null
    this.isDoubtful = held === null && !isOver
    // The standing stays as it was while nobody knows whether the lock is held.
    if (this.isDoubtful && !isRunning) await this.take(standing, isThere)
    else {
      const signs = { isHeld: !isOver && (held ?? isRunning), end: this.end, hasReport: report !== null }
      const goesOn = this.sweep === null ? 'sparsescope run --resume' : 'sparsescope sweep run'
      await this.take(statusInSweep(isThere ? signs : null, around, goesOn), isThere)
    }
    this.seen = now
    return !isSame || wasDoubtful !== this.isDoubtful || standing.state !== this.standing.state
  }

  /** Whether its results are in its events, which nobody has read. */
  get isUnread(): boolean {
    return this.lean === null && this.isBegun && this.standing.state !== 'done'
  }

  /** Reads all that it has said, once; from then on `look` reads what is new. Whether there was anything to read. */
  async readWhole(): Promise<boolean> {
    if (this.lean || !this.isBegun) return false
    await this.readOn()
    if (this.lean === null) return false
    this.tellResults()
    return true
  }

  /** Reads the recipe of a run that has begun, once. Whether it is known only now. */
  async readRecipe(): Promise<boolean> {
    if (this.recipe || !this.isBegun) return false
    // Paths in a report are as a person wrote them, those in the run's own recipe lead somewhere.
    this.recipe = (await recipeOfRun(this.folder)) ?? this.reported
    return this.recipe !== null
  }

  private async take(standing: SweepRunStatus, isBegun: boolean): Promise<void> {
    this.isBegun = isBegun
    this.standing = standing
    this.report = null
    this.sparkline = null
    try {
      if (standing.state === 'done') {
        const report = await readReport(this.folder)
        this.report = resultOf(report)
        this.reported = recipeInReport(report)
        this.sparkline = sparklineOfReport(report)
      }
    } catch (error) {
      // One run's damage is not the others'.
      if (!(error instanceof EngineError)) throw error
      this.standing = { state: 'failed', message: error.message }
    }
    this.tellResults()
  }

  private tellResults(): void {
    const { report, lean } = this
    if (!report) this.sparkline = lean && sparklineOfRun(lean)
    this.results = report ? sweepResults(report) : lean ? sweepResults(resultOfPicture(lean.picture)) : nothing
  }

  /** Reads the new events of a run that has been read whole, and only the end of any other. */
  private async readSome(events: Stamp | null): Promise<void> {
    if (events?.text === this.readAt && events !== null) return
    if (this.lean) await this.readOn()
    else this.end = await endOfRun(this.folder.events)
    this.readAt = events?.text ?? ''
  }

  private async readOn(): Promise<void> {
    const take = (lines: Buffer, isAnew: boolean) => {
      if (isAnew && this.lean) this.beginnings++
      if (isAnew || !this.lean) this.lean = emptyLeanRun()
      foldLeanLines(this.lean, lines)
    }
    try {
      await this.tail.readNew(this.folder.events, take)
      this.lean ??= emptyLeanRun()
    } catch {
      // The events are gone, or no longer a file.
      if (this.lean) this.beginnings++
      this.lean = null
      this.tail.startOver()
    }
    this.end = this.lean ? this.lean.picture.end : null
  }
}

interface Stamp {
  /** Tells one state of a file from another. */
  readonly text: string
  readonly changedMs: number
}

/** null: there is nothing. */
async function stampOf(path: string): Promise<Stamp | null> {
  const facts = await lstat(path).catch(() => null)
  return facts && { text: facts.isFile() ? `${facts.size}:${facts.mtimeMs}` : '', changedMs: facts.mtimeMs }
}
