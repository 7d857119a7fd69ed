// Runs side by side, read from disk. Their processes may be here, in a terminal or on a node of a cluster. The command line looks once.
// Readers that follow runs poll, as rarely as possible, since file watchers do not see what other machines write.
import { setTimeout as sleep } from 'node:timers/promises'
import { forEachConcurrent } from '../../formatting/lists.ts'
import { stillMs } from '../lock/lock.ts'
import { outsideSweep, type SweepSigns } from '../runStatus.ts'
import { type RunPlace, RunReader } from './runReader.ts'
import { runFacts, varyingSettings } from '../compared/comparedRun.ts'
import { plannedNames, shortNames } from '../compared/shortNames.ts'

// Names runs side by side by their recipes: a label, facts for columns, and the settings that differ.
/** `isPlanned`: recipes and settings come from the sweep's plan, the only source for runs that wait. */
export function nameRuns(runs: readonly RunReader[], isPlanned: boolean): void {
  const recipes = runs.map(({ state, place }) => (isPlanned ? place.recipe : (state.recipe ?? place.recipe)) ?? null)
  const known = runs.map(({ place: { name }, named }, i) => ({ name, settings: named.settings, recipe: recipes[i] }))
  const labels = isPlanned ? plannedNames(known) : shortNames(known)
  const varying = isPlanned ? null : varyingSettings(recipes)
  for (const [i, run] of runs.entries())
    run.named = { label: labels[i], facts: runFacts(recipes[i]), settings: varying?.[i] ?? run.named.settings }
}

/** Runs `work` once at a time. All calls during a run share one more run after it. */
function coalesced(work: () => Promise<void>): () => Promise<void> {
  let now: Promise<void> | null = null
  let next: Promise<void> | null = null
  const run = (): Promise<void> => {
    if (!now) return (now = work().finally(() => (now = null)))
    const again = () => {
      next = null
      return run()
    }
    return (next ??= now.then(again, again))
  }
  return run
}

/** Signs of the runs from outside their folders, asked before each look. */
export type LookAround = () => Promise<(index: number) => SweepSigns>

/** Folders that are looked at at once, and recipes that are read at once. */
const atATime = 16
const filesAtATime = 4
const tellEveryMs = 100
const lookEveryMs = { watchedLive: 1000, watched: 5000, live: 5000, idle: 15_000 }

export class RunsReader {
  runs: readonly RunReader[]
  private readonly lookAround: LookAround
  /** Differences are known, as in a sweep: the recipes need not be read. */
  private readonly isPlanned: boolean
  private readonly listeners = new Set<(changed: readonly number[]) => void>()
  private readonly changed = new Set<RunReader>()
  private telling: NodeJS.Timeout | null = null
  private waiting: NodeJS.Timeout | null = null
  private seen: Promise<unknown> = Promise.resolve()
  private viewers = 0
  private around: Awaited<ReturnType<LookAround>> = () => outsideSweep
  /** Looks at all folders, and a second time at those whose lock does not yet show whether a process has them. */
  readonly look = coalesced(() => this.lookAtAll())
  private readonly each = new WeakMap<RunReader, () => Promise<void>>()
  /** When all were looked at last. */
  private lookedAt = performance.now()
  private isLooking = false
  private isClosed = false

  /** Readers in `known` are reused where their folders are the same. */
  constructor(
    places: readonly RunPlace[],
    lookAround: LookAround = () => Promise.resolve(() => outsideSweep),
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

  /** Adds a run, which is read with the others from the next look on. */
  add(place: RunPlace): RunReader {
    const run = new RunReader(place)
    this.runs = [...this.runs, run]
    return run
  }

  remove(run: RunReader): void {
    this.runs = this.runs.filter((other) => other !== run)
  }

  private async lookAtAll(): Promise<void> {
    this.isLooking = true
    // A view has all rows of its table before its curves are made.
    const seeing = this.seeAll().then(() => this.tellNow())
    this.seen = seeing
    try {
      await seeing
      await this.seeDoubtful()
    } finally {
      this.isLooking = false
      this.lookedAt = performance.now()
      this.schedule()
    }
  }

  /** Resolves when all have been looked at once: a table comes before curves. */
  isSeen(): Promise<unknown> {
    return this.seen
  }

  close(): void {
    this.isClosed = true
    for (const timer of [this.waiting, this.telling]) if (timer) clearTimeout(timer)
  }

  private async seeAll(): Promise<void> {
    this.around = await this.lookAround()
    await forEachConcurrent(this.runs, atATime, (run) => this.see(run))
    if (this.isPlanned || this.isClosed) return
    let isNew = false
    await forEachConcurrent(this.runs, filesAtATime, async (run) => {
      if (await run.readRecipe()) isNew = true
    })
    if (!isNew) return
    nameRuns(this.runs, this.isPlanned)
    for (const run of this.runs) this.tell(run)
  }

  private async seeDoubtful(): Promise<void> {
    const doubtful = this.runs.filter(({ state }) => state.isDoubtful)
    if (doubtful.length === 0 || this.isClosed) return
    await sleep(stillMs)
    await forEachConcurrent(doubtful, atATime, (run) => this.see(run))
  }

  /** Looks at one run, and a second time if its lock does not yet show whether a process has it. */
  lookAt(run: RunReader): Promise<void> {
    const look = this.each.get(run) ?? coalesced(() => this.lookAtOne(run))
    this.each.set(run, look)
    return look()
  }

  private async lookAtOne(run: RunReader): Promise<void> {
    await this.see(run)
    if (run.state.isDoubtful && run.here === null) {
      await sleep(stillMs)
      await this.see(run)
    }
    this.schedule()
  }

  private async see(run: RunReader): Promise<void> {
    if (!this.isClosed && (await run.look(this.around(this.runs.indexOf(run))))) this.tell(run)
  }

  /** Marks a run as changed, for the listeners. */
  tell(run: RunReader): void {
    this.changed.add(run)
    this.telling ??= setTimeout(() => this.tellNow(), tellEveryMs)
  }

  private tellNow(): void {
    if (!this.telling) return
    clearTimeout(this.telling)
    this.telling = null
    const changed = this.runs.flatMap((one, index) => (this.changed.has(one) ? [index] : []))
    this.changed.clear()
    for (const listener of this.listeners) listener(changed)
  }

  private schedule(): void {
    if (this.waiting) clearTimeout(this.waiting)
    if (this.isClosed || this.isLooking || this.runs.length === 0) return
    const isLive = this.runs.some(({ state }) => state.standing.state === 'running')
    const rhythm = this.viewers > 0 ? (isLive ? 'watchedLive' : 'watched') : isLive ? 'live' : 'idle'
    const wait = Math.max(0, this.lookedAt + lookEveryMs[rhythm] - performance.now())
    this.waiting = setTimeout(() => void this.look(), wait).unref()
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
