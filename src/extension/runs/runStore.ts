// The truth about runs: which there are, and how far each is. Views and trees follow it; it outlives them. It keeps of
// a run's events only what a list shows; a view of one run reads its events (eventFeed.ts).
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { nameOfRun, sweepOfRun } from '../../runs/folder/sweepFolder.ts'
import { stillMs } from '../../runs/lock/lockWatch.ts'
import { RunReader } from '../../runs/reader/runReader.ts'
import { aloneOnDisk } from '../../runs/sweep/standing.ts'
import { runName } from '../../shared/format/runName.ts'
import type { RunListing, RunStatus } from '../../shared/protocol/view.ts'
import { emptyPicture, type RunPicture } from '../../shared/series/foldRun.ts'
import type { RunResult } from '../../shared/series/runResult.ts'

export interface Run extends RunListing {
  /** Its events so far, without the steps; empty for a run that is done, which has a result. */
  readonly picture: RunPicture
  readonly result: RunResult | null
  /** The folder that it has written. */
  readonly saved: string | null
}

interface Entry {
  readonly reader: RunReader
  readonly folder: string
  name: string
  readonly time: string
  readonly started: number
  status: RunStatus
  /** Runs in this window: its state is what the runner says, not what the disk does. */
  live: boolean
  lookingAgain: NodeJS.Timeout | null
  reading: Promise<void> | null
  /** Asked for while reading. */
  again: boolean
}

const tellEveryMs = 100
/** A process that dies says nothing: a run that another one seems to have is looked at again. */
const lookAgainMs = 5000

export class RunStore {
  private readonly entries = new Map<string, Entry>()
  private readonly eventListeners = new Set<(folder: string) => void>()
  private readonly listListeners = new Set<() => void>()
  private telling: NodeJS.Timeout | null = null

  /** A run may have said something since. */
  onEvents(listener: (folder: string) => void): { dispose(): void } {
    this.eventListeners.add(listener)
    return { dispose: () => this.eventListeners.delete(listener) }
  }

  /** Runs came, went or changed their state. */
  onChange(listener: () => void): { dispose(): void } {
    this.listListeners.add(listener)
    return { dispose: () => this.listListeners.delete(listener) }
  }

  /** Newest first. */
  list(): Run[] {
    return [...this.entries.values()].map(runOf).sort((a, b) => b.started - a.started)
  }

  listings(): RunListing[] {
    return this.list().map(({ folder, name, time, status, started }) => ({ folder, name, time, status, started }))
  }

  get(folder: string): Run | undefined {
    const entry = this.entries.get(folder)
    return entry && runOf(entry)
  }

  /** Reads what the run folder says now. Calls while a reading goes on make one more after it. */
  refresh(folder: string): Promise<void> {
    const entry = this.entryOf(folder)
    if (entry.reading) {
      entry.again = true
      return entry.reading
    }
    entry.reading = this.read(entry).finally(() => {
      entry.reading = null
      if (!entry.again) return
      entry.again = false
      void this.refresh(folder)
    })
    return entry.reading
  }

  /** A run of this window begins, or goes on. */
  async begin(folder: string): Promise<void> {
    const entry = this.entryOf(folder)
    entry.live = true
    this.setStatus(entry, 'running')
    await this.refresh(folder)
  }

  setPaused(folder: string, paused: boolean): void {
    const entry = this.entries.get(folder)
    if (entry?.live) this.setStatus(entry, paused ? 'paused' : 'running')
  }

  /** The run is over, or its process is, in the middle of it. */
  async end(folder: string): Promise<void> {
    this.entryOf(folder).live = false
    await this.refresh(folder)
    await this.refresh(folder)
  }

  forget(folder: string): void {
    if (this.entries.delete(folder)) this.changed()
  }

  private async read(entry: Entry): Promise<void> {
    const { reader, folder, time } = entry
    const look = async () => {
      const hasChanged = await reader.look(aloneOnDisk)
      // A folder may have been renamed: its events know what it was called. In a sweep they know its number alone.
      if (reader.isUnread || time === '') await reader.readWhole()
      if (hasChanged) for (const listener of this.eventListeners) listener(folder)
    }
    await look()
    if (reader.isDoubtful && !entry.live) {
      await sleep(stillMs)
      await look()
    }
    const { lean } = reader
    if (lean && lean.picture.name !== '' && sweepOfRun(folder) === null) entry.name = runName(lean.picture.name).name
    if (entry.live) return this.changed()
    // A folder without events is no run, or was removed while nobody watched.
    if (!reader.hasSaid) return this.forget(folder)
    this.setStatus(entry, statusOf(reader))
    if (entry.status === 'running') this.lookAgain(entry)
  }

  private lookAgain(entry: Entry): void {
    entry.lookingAgain ??= setTimeout(() => {
      entry.lookingAgain = null
      if (!entry.live && this.entries.get(entry.folder) === entry) void this.refresh(entry.folder)
    }, lookAgainMs).unref()
  }

  private setStatus(entry: Entry, status: RunStatus): void {
    entry.status = status
    this.changed()
  }

  private entryOf(folder: string): Entry {
    const known = this.entries.get(folder)
    if (known) return known
    const named = nameOfRun(folder)
    const reader = new RunReader({ name: named.name, settings: {}, folder })
    const entry: Entry = {
      ...{ reader, folder, ...named },
      ...{ status: 'interrupted', live: false, lookingAgain: null, reading: null, again: false },
    }
    this.entries.set(folder, entry)
    return entry
  }

  /** Many changes in a row are told once. */
  private changed(): void {
    this.telling ??= setTimeout(() => {
      this.telling = null
      for (const listener of this.listListeners) listener()
    }, tellEveryMs)
  }
}

function runOf({ folder, name, time, status, started, reader: { lean, report } }: Entry): Run {
  const picture = lean?.picture ?? emptyPicture()
  return { folder, name, time, status, started, picture, result: report, saved: report?.output ?? picture.saved }
}

/** A run that failed without an end event was interrupted: it can be resumed. */
function statusOf({ standing: { state }, end }: RunReader): RunStatus {
  if (state === 'waiting' || (state === 'failed' && end?.status !== 'failed')) return 'interrupted'
  return state
}

/** Name of a recipe by its path, or by the folder of its run. */
export function recipeName(path: string): string {
  return runName(basename(path).replace(/\.(prune\.)?(ya?ml|json)$/i, '')).name
}
