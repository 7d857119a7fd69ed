// The truth about runs: which there are, their events, their state. Views and trees follow it; it outlives them.
import type { RunEvent } from '../../shared/protocol/events.ts'
import type { RunListing, RunStatus } from '../../shared/protocol/view.ts'
import { emptyPicture, foldEvents, type RunPicture } from '../../shared/series/foldRun.ts'
import { basename } from 'node:path'
import { isHeld, readEvents, type EventFile } from './runFiles.ts'

export interface Run {
  folder: string
  name: string
  status: RunStatus
  started: number
  picture: RunPicture
}

interface Entry extends Run {
  file: EventFile
  /** Runs in this window: its events come from the backend, and the file is not read. */
  live: boolean
}

/** `from` is the index of the first event: 0 replaces everything. */
export type RunListener = (folder: string, from: number, events: readonly RunEvent[]) => void

export class RunStore {
  private readonly entries = new Map<string, Entry>()
  private readonly eventListeners = new Set<RunListener>()
  private readonly listListeners = new Set<() => void>()

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
    return this.list().map(({ folder, name, status, started }) => ({ folder, name, status, started }))
  }

  get(folder: string): Run | undefined {
    return this.entries.get(folder)
  }

  events(folder: string): readonly RunEvent[] {
    return this.entries.get(folder)?.file.events ?? []
  }

  /** Reads what a run folder says now. */
  async refresh(folder: string): Promise<void> {
    const entry = this.entryOf(folder)
    if (entry.live) return
    try {
      const before = entry.file
      const file = await readEvents(folder, before)
      if (entry.live) return
      const from = file.events.length >= before.events.length && file.offset >= before.offset ? before.events.length : 0
      this.replace(entry, from, file)
      this.setStatus(entry, await statusOnDisk(entry))
    } catch {
      // Not a run, or gone: a folder without events is no run.
      if (entry.file.events.length === 0) this.forget(folder)
    }
  }

  /** A run of this window begins (or goes on, when resumed: its earlier events are told again). */
  begin(folder: string): void {
    const entry = this.entryOf(folder)
    entry.live = true
    this.replace(entry, 0, { events: [], offset: 0 })
    this.setStatus(entry, 'running')
  }

  append(folder: string, events: readonly RunEvent[]): void {
    const entry = this.entryOf(folder)
    this.replace(entry, entry.file.events.length, { events: [...entry.file.events, ...events], offset: 0 })
  }

  setPaused(folder: string, paused: boolean): void {
    const entry = this.entries.get(folder)
    if (entry?.live) this.setStatus(entry, paused ? 'paused' : 'running')
  }

  /** No more events come from the backend; from here on the file counts. */
  async end(folder: string): Promise<void> {
    const entry = this.entries.get(folder)
    if (!entry) return
    entry.live = false
    entry.file = { ...entry.file, offset: 0 }
    await this.reread(folder)
  }

  async reread(folder: string): Promise<void> {
    const entry = this.entryOf(folder)
    entry.file = { events: [], offset: 0 }
    entry.picture = emptyPicture()
    await this.refresh(folder)
  }

  forget(folder: string): void {
    if (this.entries.delete(folder)) this.changed()
  }

  private replace(entry: Entry, from: number, file: EventFile): void {
    const events = file.events.slice(from)
    entry.file = file
    if (from === 0) entry.picture = emptyPicture()
    foldEvents(entry.picture, events)
    if (entry.picture.name !== '') entry.name = entry.picture.name
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
      name: basename(folder),
      status: 'interrupted',
      started: startOf(folder),
      picture: emptyPicture(),
      file: { events: [], offset: 0 },
      live: false,
    }
    this.entries.set(folder, entry)
    return entry
  }

  private changed(): void {
    for (const listener of this.listListeners) listener()
  }
}

async function statusOnDisk(entry: Entry): Promise<RunStatus> {
  return entry.picture.end?.status ?? ((await isHeld(entry.folder)) ? 'running' : 'interrupted')
}

/** Folder names begin with the local time: 20261231-235959-name. */
function startOf(folder: string): number {
  const digits = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)/.exec(basename(folder))
  if (!digits) return 0
  const [year, month, day, hour, minute, second] = digits.slice(1).map(Number)
  return new Date(year, month - 1, day, hour, minute, second).getTime()
}
