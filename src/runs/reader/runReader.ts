// A run as read from its folder: the lock, the end of its events, its summary and its report. These are small files, so a list of
// hundreds of runs is fast.
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError } from '../../errors.ts'
import { runName } from '../../formatting/paths.ts'
import type { RunStatus } from '../series/foldRun.ts'
import type { Settings } from '../../recipe/sweep/settings.ts'
import { resultOf, type RunResult, resultOfSummary } from '../series/runResult.ts'
import type { RunSummary } from '../series/runSummary.ts'
import { type RunFacts, unknownFacts } from '../compared/comparedRun.ts'
import { sweepResults, type SweepResults } from '../compared/sweepTable.ts'
import { endOfRun, type RunEnd } from '../events/parseEvents.ts'
import { readSummary } from '../events/summary.ts'
import { recipeInReport, recipeOfRun } from '../folder/recipes.ts'
import { runFolderAt, type RunFolder } from '../folder/runFolder.ts'
import { nameOfRun, sweepOfRun } from '../folder/sweepFolder.ts'
import { lockName, LockWatch } from '../lock/lock.ts'
import { statusInSweep, type SweepRunStatus, type SweepSigns } from '../runStatus.ts'
import { readReport } from './report.ts'

/** Folder of a run, which may not be there yet, with the run's name and settings. */
export interface RunPlace {
  readonly name: string
  /** null: the settings are those that differ between its recipe and those of the others. */
  readonly settings: Settings | null
  readonly folder: string
  /** As a sweep has planned it. */
  readonly recipe?: object | null
}

/** What a run is called among those that it is compared with, and what its recipe says. */
export interface NamedRun {
  readonly label: string
  readonly facts: RunFacts
  readonly settings: Settings
}

/** What has been read of a run's folder. */
export interface RunState {
  /** Size and time of each file at the last look, and what the sweep said; a missing file has no entry. */
  readonly seen: Seen
  /** Its folder is there. */
  readonly isBegun: boolean
  /** It has events; a folder without them is no run yet. */
  readonly hasSaid: boolean
  readonly standing: SweepRunStatus
  /** It is not known yet whether a process has the run: its lock has to be looked at again. */
  readonly isDoubtful: boolean
  /** The last event, if it is an end. */
  readonly end: RunEnd | null
  /** null: not written yet. */
  readonly summary: RunSummary | null
  /** Result of a run that is done, and the recipe in its report. */
  readonly report: RunResult | null
  readonly reported: object | null
  /** By its report if it is done, else by its summary. */
  readonly results: SweepResults
  /** Its own resolved recipe; null: not read, or not readable. */
  readonly recipe: object | null
}

type Seen = Readonly<Partial<Record<'events' | 'lock' | 'report' | 'summary' | 'around', string>>>

const nothing = { results: sweepResults(resultOf(null)), report: null, reported: null }
const unread: RunState = {
  ...{ seen: {}, isBegun: false, hasSaid: false, isDoubtful: false },
  standing: { state: 'waiting', message: null },
  ...{ end: null, summary: null, recipe: null },
  ...nothing,
}

export class RunReader {
  readonly place: RunPlace
  readonly folder: RunFolder
  /** The folder of its sweep; null for a single run. */
  readonly sweep: string | null
  /** Local time at which the run, or its sweep, began: as text and as a number. */
  readonly time: string
  readonly started: number
  /** State known from the run's process, which overrides what its folder shows; null: the process, if any, is not ours. */
  here: 'running' | 'paused' | null = null
  named: NamedRun
  state = unread
  private readonly lock = new LockWatch()
  private reading: Promise<unknown> = Promise.resolve()

  constructor(place: RunPlace) {
    this.place = place
    this.named = { label: place.name, facts: unknownFacts, settings: place.settings ?? {} }
    this.folder = runFolderAt(place.folder)
    this.sweep = sweepOfRun(place.folder)
    const { time, started } = nameOfRun(place.folder)
    this.time = time
    this.started = started
  }

  /** The recipe's name, from the events, since the folder may have been renamed. In a sweep the events know only the run's number. */
  get name(): string {
    const told = this.state.summary?.name
    return told && this.sweep === null ? runName(told).name : nameOfRun(this.place.folder).name
  }

  /** A run that stopped without an end event is interrupted: it can be resumed. */
  get status(): RunStatus {
    const { standing, end } = this.state
    const isOpen = standing.state === 'waiting' || (standing.state === 'failed' && end?.status !== 'failed')
    return this.here ?? (isOpen ? 'interrupted' : standing.state)
  }

  /** The folder that it has written. */
  get saved(): string | null {
    return this.state.report?.output ?? this.state.summary?.saved ?? null
  }

  /** Looks at the folder. Returns whether anything has changed. */
  look(around: SweepSigns): Promise<boolean> {
    return this.inTurn(async () => {
      const before = this.state
      this.state = await this.next(before, around)
      const { seen, standing, isDoubtful } = this.state
      const isSame = sameSeen(seen, before.seen) && standing.state === before.standing.state
      return !isSame || isDoubtful !== before.isDoubtful
    })
  }

  /** Reads the recipe of a run that has begun, once. Returns whether this call made it known. */
  readRecipe(): Promise<boolean> {
    return this.inTurn(async () => {
      if (this.state.recipe || !this.state.isBegun) return false
      // Paths in a report are as the user wrote them; those in the run's own recipe can be resolved.
      const recipe = (await recipeOfRun(this.folder)) ?? this.state.reported
      this.state = { ...this.state, recipe }
      return recipe !== null
    })
  }

  /** Readings are serial: each continues from the state of the one before. */
  private inTurn<T>(read: () => Promise<T>): Promise<T> {
    const reading = this.reading.then(read)
    this.reading = reading.catch(() => undefined)
    return reading
  }

  /** The state by what is in the folder now. A file that has not changed is not read again. */
  private async next(before: RunState, around: SweepSigns): Promise<RunState> {
    const { path, events, report, summary } = this.folder
    // The lock is read first: a process writes its last event before it lets go of the lock.
    const lock = await stampOf(join(path, lockName))
    const held = lock === undefined ? this.lock.forget() : this.lock.isHeld(path, lock.changedMs)
    const stamps = await Promise.all([events, report, summary].map(stampOf))
    const [ofEvents, ofReport, ofSummary] = stamps.map((stamp) => stamp?.text)
    const seen: Seen = {
      ...{ events: ofEvents, report: ofReport, summary: ofSummary, lock: lock?.text },
      around: JSON.stringify(around),
    }
    const isBegun = (ofEvents ?? ofReport ?? lock ?? (await stampOf(path))) !== undefined
    const wasRunning = before.standing.state === 'running'
    if (sameSeen(seen, before.seen) && !wasRunning && !before.isDoubtful) return before
    const isNew = (file: keyof Seen) => seen[file] !== before.seen[file]
    const end = isNew('events') ? await endOfRun(events) : before.end
    const isOver = end?.status === 'done' && ofReport !== undefined
    const isDoubtful = held === null && !isOver
    // The standing does not change while it is unknown whether the lock is held.
    const signs = { isHeld: !isOver && (held ?? wasRunning), end, hasReport: ofReport !== undefined }
    const goesOn = this.sweep === null ? 'sparsescope run --resume' : 'sparsescope sweep run'
    const standing = isDoubtful && !wasRunning ? before.standing : statusInSweep(isBegun ? signs : null, around, goesOn)
    const own = ofSummary !== undefined && isNew('summary') ? await readSummary(this.folder) : null
    const state: RunState = {
      ...before,
      ...{ seen, isBegun, hasSaid: ofEvents !== undefined, end, isDoubtful, standing },
      ...(own && { summary: own }),
      // A summary without events is out of date.
      ...(ofEvents === undefined && { summary: null }),
      ...nothing,
    }
    if (standing.state !== 'done') return withResults(state)
    const isRead = !isNew('report') && before.report !== null
    const { report: result, reported, results } = before
    return isRead ? { ...state, report: result, reported, results } : this.withReport(state)
  }

  /** The state of a run that is done. */
  private async withReport(state: RunState): Promise<RunState> {
    try {
      const report = await readReport(this.folder)
      const result = resultOf(report)
      return { ...state, report: result, results: sweepResults(result), reported: recipeInReport(report) }
    } catch (error) {
      // A damaged report must not keep other runs from being read.
      if (!(error instanceof EngineError)) throw error
      return withResults({ ...state, standing: { state: 'failed', message: error.message } })
    }
  }
}

/** Results of a run that is not done are those of its summary. */
function withResults(state: RunState): RunState {
  const { report, summary } = state
  if (report || !summary) return state
  return { ...state, results: sweepResults(resultOfSummary(summary)) }
}

function sameSeen(a: Seen, b: Seen): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** `text` identifies the state of a file; undefined: there is no file. */
async function stampOf(path: string): Promise<{ readonly text: string; readonly changedMs: number } | undefined> {
  const facts = await lstat(path).catch(() => undefined)
  return facts && { text: facts.isFile() ? `${facts.size}:${facts.mtimeMs}` : '', changedMs: facts.mtimeMs }
}
