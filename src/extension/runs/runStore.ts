// The truth about runs: which there are, their events, their state. Views and trees follow it; it outlives them.
import type { RunEvent } from '../../shared/protocol/events.ts'
import type { RunListing, RunStatus } from '../../shared/protocol/view.ts'
import { emptyPicture, foldEvents, type RunPicture } from '../../shared/series/foldRun.ts'
import { basename } from 'node:path'
import { runName } from '../../shared/format/runName.ts'
import { nameOfRun, sweepOfRun } from '../sweeps/sweepFolder.ts'
import { readEvents, type EventFile } from '../disk/runFiles.ts'
import { isHeld } from '../disk/runHolder.ts'

export interface Run {
  folder: string
  /** The recipe's. */
  name: string
  /** When it began, local; empty for a folder with a name of its own. */
  time: string
  status: RunStatus
  started: number
  picture: RunPicture
}

interface Entry extends Run {
  file: EventFile
  /** Runs in this window: its state is what the runner says, not what the disk does. */
  live: boolean
  /** Its process died when the events were so long: whatever its lock says, nobody works on it until they change. */
  lostAt: number | null
  lookingAgain: NodeJS.Timeout | null
  reading: Promise<void> | null
  /** Asked for while reading. */
  again: boolean
}

/** `from` is the index of the first event: 0 replaces everything. */
export type RunListener = (folder: string, from: number, events: readonly RunEvent[]) => void

const tellEveryMs = 100
/** A process that dies says nothing: a run that another one seems to have is looked at again. */
const lookAgainMs = 5000

export class RunStore {
  private readonly entries = new Map<string, Entry>()
  private readonly eventListeners = new Set<RunListener>()
  private readonly listListeners = new Set<() => void>()
  private telling: NodeJS.Timeout | null = null

  onEvents(listener: RunListener): { dispose(): void } {
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
    return [...this.entries.values()].sort((a, b) => b.started - a.started)
  }

  listings(): RunListing[] {
    return this.list().map(({ folder, name, time, status, started }) => ({ folder, name, time, status, started }))
  }

  get(folder: string): Run | undefined {
    return this.entries.get(folder)
  }

  events(folder: string): readonly RunEvent[] {
    return this.entries.get(folder)?.file.events ?? []
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

  /** A run of this window begins, or goes on: what a resumed run takes back is forgotten. */
  async begin(folder: string): Promise<void> {
    const entry = this.entryOf(folder)
    entry.live = true
    entry.lostAt = null
    entry.file = { events: [], offset: 0 }
    this.setStatus(entry, 'running')
    await this.refresh(folder)
  }

  setPaused(folder: string, paused: boolean): void {
    const entry = this.entries.get(folder)
    if (entry?.live) this.setStatus(entry, paused ? 'paused' : 'running')
  }

  /** The run is over; `isLost`: its process is, in the middle of it. */
  async end(folder: string, isLost = false): Promise<void> {
    const entry = this.entryOf(folder)
    entry.live = false
    entry.lostAt = isLost ? Infinity : null
    await this.refresh(folder)
    await this.refresh(folder)
    if (entry.lostAt !== null) entry.lostAt = entry.file.offset
  }

  /** From the beginning, for a view that asks for it. */
  async reread(folder: string): Promise<void> {
    this.entryOf(folder).file = { events: [], offset: 0 }
    await this.refresh(folder)
  }

  forget(folder: string): void {
    if (this.entries.delete(folder)) this.changed()
  }

  private async read(entry: Entry): Promise<void> {
    try {
      const before = entry.file
      const file = await readEvents(entry.folder, before)
      // `begin` may have started over meanwhile: then this reading is of no use, and another follows.
      if (entry.file !== before) return
      const continues = file.offset >= before.offset && before.offset > 0
      this.replace(entry, continues ? before.events.length : 0, file)
      if (!entry.live) await this.judge(entry)
      else if (entry.picture.end === null) this.changed()
    } catch (error) {
      if (entry.live) return
      // Not a run, or removed while nobody watched: a folder without events is no run.
      if (entry.file.events.length === 0 || isGone(error)) this.forget(entry.folder)
      else if (entry.status === 'running') this.lookAgain(entry)
    }
  }

  private async judge(entry: Entry): Promise<void> {
    const status = await statusOnDisk(entry)
    // Taken up by this window meanwhile.
    if (entry.live) return
    this.setStatus(entry, status)
    if (status === 'running') this.lookAgain(entry)
  }

  private lookAgain(entry: Entry): void {
    entry.lookingAgain ??= setTimeout(() => {
      entry.lookingAgain = null
      if (!entry.live && this.entries.get(entry.folder) === entry) void this.refresh(entry.folder)
    }, lookAgainMs).unref()
  }

  private replace(entry: Entry, from: number, file: EventFile): void {
    const events = file.events.slice(from)
    entry.file = file
    if (from === 0) entry.picture = emptyPicture()
    foldEvents(entry.picture, events)
    // A folder may have been renamed: its events know what it was called. In a sweep they know its number alone.
    if (entry.picture.name !== '' && sweepOfRun(entry.folder) === null) entry.name = runName(entry.picture.name).name
    if (events.length === 0 && from > 0) return
    for (const listener of this.eventListeners) listener(entry.folder, from, events)
  }

  private setStatus(entry: Entry, status: RunStatus): void {
    entry.status = status
    this.changed()
  }

  private entryOf(folder: string): Entry {
    const known = this.entries.get(folder)
    if (known) return known
    const entry: Entry = {
      folder,
      ...nameOfRun(folder),
      status: 'interrupted',
      picture: emptyPicture(),
      file: { events: [], offset: 0 },
      live: false,
      lostAt: null,
      lookingAgain: null,
      reading: null,
      again: false,
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

/** `sparsescope prune` removes its run when it is done; a folder above it may be gone as well. */
function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')
}

async function statusOnDisk(entry: Entry): Promise<RunStatus> {
  if (entry.picture.end) return entry.picture.end.status
  if (entry.lostAt === Infinity || entry.lostAt === entry.file.offset) return 'interrupted'
  return (await isHeld(entry.folder)) ? 'running' : 'interrupted'
}

/** Of a recipe's path, or of the folder of its run. */
export function recipeName(path: string): string {
  return runName(basename(path).replace(/\.(prune\.)?(ya?ml|json)$/i, '')).name
}
