// The state that the phases of a run share: device, source, recipe, events, progress, and counts of time and memory.
import type { PlannedPart, WorkPart } from '../../../plan/time.ts'
import type { ResolvedRecipe } from '../../../recipe/resolve.ts'
import type { Checkpoint } from '../../checkpoint/checkpoint.ts'
import type { Backend } from '../../compute/backend.ts'
import { EngineError, throwIfCancelled } from '../../errors.ts'
import { killPoint } from '../../../system/killPoint.ts'
import type { Model } from '../../model/model.ts'
import type { EventLog } from '../../../runs/events/eventLog.ts'
import type { SummaryFile } from '../../../runs/events/summary.ts'
import { createOverall, finishedParts, type Overall, type Share } from './overall.ts'
import { watchMemory, type MemoryWatch } from './peakMemory.ts'
import { type RunProgress, saveProgress } from './progress.ts'
import type { RunFolder } from '../../../runs/folder/runFolder.ts'
import type { RunLock } from '../../../runs/lock/lock.ts'
import type { RunPlan } from '../../../plan/runPlan.ts'
import { checkSources } from './sources.ts'

/** A run that is open: a new one, or one that is resumed. */
export interface OpenedRun {
  readonly folder: RunFolder
  /** Taken before anything of the run is read; the caller that opens the run gives it back. */
  readonly lock: RunLock
  /** All paths absolute. */
  readonly recipe: ResolvedRecipe
  readonly source: Checkpoint
  readonly model: Model
  readonly plan: RunPlan
  readonly backend: Backend
  readonly progress: RunProgress
  readonly resumed: boolean
}

export interface SessionParts extends OpenedRun {
  /** Version of the program. */
  readonly version: string
  readonly log: EventLog
  /** What the events add up to, for lists of runs. */
  readonly summary: Pick<SummaryFile, 'write'>
  readonly memoryBytes: number
  readonly signal?: AbortSignal
  /** Shows a path of the recipe as the user wrote it. */
  readonly showPath: (path: string) => string
  /** Awaited between steps, blocks and windows: a paused run waits in it. */
  readonly pausePoint?: () => Promise<void>
  /** Set for a run of a sweep. */
  readonly shared?: SharedFolder
}

/** Work that several runs share. */
export interface SharedFolder {
  /** The sweep's folder. */
  readonly root: string
  /** Folder of the files that one run makes for all. */
  readonly folder: string
  /** Number of runs, this one included, that reach the same pruned model before they recover it. */
  readonly prunesAlike: number
}

export type PhaseName =
  | 'read'
  | 'calibrate'
  | 'prune'
  | 'reconstruct'
  | 'refit'
  | 'retrain'
  | 'merge'
  | 'evaluate'
  | 'save'

export interface PhaseOptions {
  /** Name under which the seconds are counted, if not that of the phase. */
  readonly timedAs?: PhaseName
  /** The part of the planned work that the phase does; without it the progress of the whole run does not advance. */
  readonly part?: WorkPart
  /** Index of the recovery, in a recipe that has several. */
  readonly recovery?: number
}

export interface RunSession extends SessionParts {
  /** Adds a warning to the events and the report, each text once. */
  warn(message: string): void
  /** Sets the planned work. From then on progress events include the progress of the whole run. */
  expect(planned: readonly PlannedPart[]): void
  /** Announces a phase and counts its seconds. */
  phase<T>(name: PhaseName, body: () => Promise<T>, options?: PhaseOptions): Promise<T>
  /** Counts what the body advances as a share of a part of the planned work. */
  countAs<T>(share: Share, body: () => Promise<T>): Promise<T>
  /** Announces that the current phase continues as another one, unless that is announced already. Counts no seconds. */
  turnTo(name: PhaseName, recovery: number): void
  /** Counts seconds under a phase's name without announcing it; they are not counted under the phase around it. */
  time<T>(name: PhaseName, body: () => Promise<T>): Promise<T>
  /** Progress of the current phase, at most four times a second. */
  advance(done: number, total: number, unit: string): void
  /** Called before each record of progress. @throws EngineError 'bad-data' when a file that the run reads has changed. */
  checkSources(): Promise<void>
  /** Called before each write of the run's state. @throws EngineError 'disk' when another process has taken over the folder. */
  requireHeld(): void
  /** Makes what is done so far durable. */
  milestone(): Promise<void>
  /** Brings counters in `progress` up to date. */
  count(): void
  close(): void
}

interface Announced {
  readonly phase: PhaseName
  readonly recovery?: number
}

const progressEveryMs = 250
const memoryEveryMs = 2000

export function createSession(parts: SessionParts): RunSession {
  const { progress, log, backend, signal, folder, pausePoint } = parts
  const clock = createPhaseClock(progress.seconds, log.elapsed)
  const earlierPeak = progress.peakMemoryMb
  let lastMemory = -Infinity
  const memory: MemoryWatch = watchMemory(
    () => backend.memory().usedBytes,
    (rssMb, deviceMb) => {
      // The first event of a run must be its start.
      if (log.bytes() === 0 || log.elapsed() - lastMemory < memoryEveryMs) return
      lastMemory = log.elapsed()
      log.mention({ type: 'memory', rss_mb: Math.round(rssMb), device_mb: Math.round(deviceMb) })
    },
  )
  const count = () => {
    clock.flush()
    progress.revision++
    progress.elapsedMs = Math.round(log.elapsed())
    progress.eventsBytes = log.bytes()
    progress.peakMemoryMb = Math.max(earlierPeak, memory.peakMb())
  }
  let announced: Announced | null = null
  const announce = (named: Announced) => log.emit({ type: 'phase', ...(announced = named) })
  let shown = { phase: '', done: -1, at: -Infinity }
  let overall: Overall | null = null
  const within = <T>(share: Share | undefined, body: () => Promise<T>) =>
    overall ? overall.within(share, body) : body()
  const sameSources = () => checkSources(parts, signal)
  const requireHeld = () => {
    if (!parts.lock.isHeld()) throw lostRun(folder)
  }
  return {
    ...parts,
    checkSources: sameSources,
    requireHeld,
    pausePoint: pausePoint && (() => log.pause(pausePoint)),
    expect(planned) {
      const done = finishedParts(progress, parts.recipe, parts.model.config.numBlocks)
      overall = createOverall(planned, log.elapsed, done)
    },
    warn(message) {
      if (progress.warnings.includes(message)) return
      progress.warnings.push(message)
      log.emit({ type: 'warning', message })
    },
    async phase(name, body, { timedAs = name, part, recovery } = {}) {
      throwIfCancelled(signal)
      const around = announced
      announce({ phase: name, ...(recovery !== undefined && { recovery }) })
      const share = part && { part, from: 0, to: 1 }
      const result = await clock.run(timedAs, () => within(share, body))
      if (around) announce(around)
      announced = around
      return result
    },
    countAs: within,
    turnTo(phase, recovery) {
      if (announced?.phase !== phase || announced.recovery !== recovery) announce({ phase, recovery })
    },
    time: (name, body) => clock.run(name, body),
    advance(done, total, unit) {
      const now = performance.now()
      if (!announced) return
      overall?.reach(done / total)
      const { phase } = announced
      if (shown.phase !== phase || done < shown.done) shown = { phase, done, at: -Infinity }
      if (now - shown.at < progressEveryMs && done < total) return
      shown = { ...shown, done, at: now }
      log.emit({ type: 'progress', phase, done, total, unit, ...toldOf(overall) })
    },
    async milestone() {
      killPoint()
      await sameSources()
      requireHeld()
      count()
      await saveProgress(folder.state, progress)
    },
    count,
    close: () => memory.stop(),
  }
}

/** The error of a run whose folder belongs to another process by now. */
export function lostRun({ path }: RunFolder, cause?: unknown): EngineError {
  const message = `${path} was removed or taken over by another process while this one was suspended; start or resume it again`
  return new EngineError('disk', message, { cause })
}

/** Fields of a progress event about the whole run. */
function toldOf(overall: Overall | null) {
  if (!overall) return { eta_s: null }
  const left = overall.secondsLeft()
  return { eta_s: left === null ? null : Math.round(left), overall: Number(overall.share().toFixed(4)) }
}

/** Seconds of work by phase. Seconds of an inner phase are not counted for the phase around it. */
function createPhaseClock(seconds: Record<string, number>, elapsed: () => number) {
  const stack: string[] = []
  let since = elapsed()
  const flush = () => {
    const now = elapsed()
    const current = stack.at(-1)
    if (current !== undefined) seconds[current] = (seconds[current] ?? 0) + (now - since) / 1000
    since = now
  }
  return {
    flush,
    async run<T>(name: string, body: () => Promise<T>): Promise<T> {
      flush()
      stack.push(name)
      try {
        return await body()
      } finally {
        flush()
        stack.pop()
      }
    },
  }
}
