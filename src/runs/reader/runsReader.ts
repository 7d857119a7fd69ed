// Runs side by side, read from disk: whoever writes them, here, in a terminal or on a node of a cluster. The command line looks
// once. Who follows them looks again and again, as seldom as will do, since no watcher of files sees what other machines write.
import { setTimeout as sleep } from 'node:timers/promises'
import { stillMs } from '../lock/lockWatch.ts'
import { aloneOnDisk, type SweepSigns } from '../sweep/standing.ts'
import { inTurns } from './inTurns.ts'
import { nameRuns } from './nameRuns.ts'
import { RunReader, type RunPlace } from './runReader.ts'

/** Signs of the runs from outside their folders, asked before each look. */
export type LookAround = () => Promise<(index: number) => SweepSigns>

/** Folders looked at at a time, and files read whole. */
const atATime = 16
export const filesAtATime = 4
const tellEveryMs = 100
const lookEveryMs = { watchedLive: 1000, watched: 5000, live: 5000, idle: 15_000 }

export class RunsReader {
  readonly runs: readonly RunReader[]
  private readonly lookAround: LookAround
  /** What differs is known beforehand, as of a sweep's runs: nobody reads their recipes. */
  private readonly isPlanned: boolean
  private readonly listeners = new Set<(changed: readonly number[]) => void>()
  private readonly changed = new Set<number>()
  private telling: NodeJS.Timeout | null = null
  private waiting: NodeJS.Timeout | null = null
  private looking: Promise<void> | null = null
  private seen: Promise<unknown> = Promise.resolve()
  private next: Promise<void> | null = null
  private viewers = 0
  private around: Awaited<ReturnType<LookAround>> = () => aloneOnDisk
  private readonly busy = new Set<number>()
  private isClosed = false

  /** `known` are taken over where their folders are the same. */
  constructor(
    places: readonly RunPlace[],
    lookAround: LookAround = () => Promise.resolve(() => aloneOnDisk),
    known: readonly RunReader[] = [],
  ) {
    const byFolder = new Map(known.map((run) => [run.place.folder, run]))
    this.runs = places.map((place) => byFolder.get(place.folder) ?? new RunReader(place))
    this.lookAround = lookAround
    this.isPlanned = places.every(({ settings }) => settings !== null)
    if (known.length > 0 || places.some(({ recipe }) => recipe)) nameRuns(this.runs, this.isPlanned)
  }

  /** Calls the listener with all runs that have changed within 100 ms. */
  onChange(listener: (changed: readonly number[]) => void): { dispose(): void } {
    this.listeners.add(listener)
    return { dispose: () => this.listeners.delete(listener) }
  }

  /** Follows the runs more closely for a view until it is disposed. */
  view(): { dispose(): void } {
    this.viewers++
    this.schedule()
    return {
      dispose: () => {
        this.viewers--
        this.schedule()
      },
    }
  }

  /**
   * Looks at all folders, then reads what cannot be told without. A call while that goes on makes one more look after it, and
   * is answered by that.
   */
  look(): Promise<void> {
    if (this.looking) return (this.next ??= this.looking.then(() => this.look()))
    this.next = null
    const seeing = this.seeAll()
    this.seen = seeing
    this.looking = seeing
      .then(() => this.readRest())
      .finally(() => {
        this.looking = null
        this.schedule()
      })
    return this.looking
  }

  /** Resolves when all have been looked at, though not read: a table comes before curves. */
  isSeen(): Promise<unknown> {
    return this.seen
  }

  close(): void {
    this.isClosed = true
    for (const timer of [this.waiting, this.telling]) if (timer) clearTimeout(timer)
  }

  private async seeAll(): Promise<void> {
    this.around = await this.lookAround()
    await inTurns(this.runs, atATime, (_, index) => this.see(index))
    if (this.isPlanned || this.isClosed) return
    let isNew = false
    await inTurns(this.runs, filesAtATime, async (run) => {
      if (await run.readRecipe()) isNew = true
    })
    if (!isNew) return
    nameRuns(this.runs, this.isPlanned)
    for (const index of this.runs.keys()) this.tell(index)
  }

  private async readRest(): Promise<void> {
    const began = performance.now()
    await inTurns(this.runs, filesAtATime, (_, index) => this.readIfUnread(index))
    const doubtful = [...this.runs.keys()].filter((index) => this.runs[index].isDoubtful)
    if (doubtful.length === 0 || this.isClosed) return
    await sleep(Math.max(0, stillMs - (performance.now() - began)))
    await inTurns(doubtful, atATime, (index) => this.lookAt(index))
  }

  /** Looks at one of them; while that goes on, further calls are answered by the next look at all. */
  async lookAt(index: number): Promise<void> {
    await this.see(index)
    await this.readIfUnread(index)
  }

  private async see(index: number): Promise<void> {
    const run = this.runs.at(index)
    if (!run || this.isClosed || this.busy.has(index)) return
    this.busy.add(index)
    try {
      if (await run.look(this.around(index))) this.tell(index)
    } finally {
      this.busy.delete(index)
    }
  }

  private async readIfUnread(index: number): Promise<void> {
    const run = this.runs.at(index)
    if (run?.isUnread && !this.isClosed && (await run.readWhole())) this.tell(index)
  }

  private tell(index: number): void {
    this.changed.add(index)
    this.telling ??= setTimeout(() => {
      this.telling = null
      const changed = [...this.changed]
      this.changed.clear()
      for (const listener of this.listeners) listener(changed)
    }, tellEveryMs)
  }

  private schedule(): void {
    if (this.waiting) clearTimeout(this.waiting)
    if (this.isClosed || this.looking) return
    const isLive = this.runs.some(({ standing }) => standing.state === 'running')
    const rhythm = this.viewers > 0 ? (isLive ? 'watchedLive' : 'watched') : isLive ? 'live' : 'idle'
    this.waiting = setTimeout(() => void this.look(), lookEveryMs[rhythm]).unref()
  }
}

/** Reads the runs as they are now, without following them. */
export async function readRunsOnce(places: readonly RunPlace[], around?: LookAround): Promise<readonly RunReader[]> {
  const reader = new RunsReader(places, around)
  try {
    await reader.look()
    return reader.runs
  } finally {
    reader.close()
  }
}
