// What the phases of a run share: device, source, recipe, events, progress, and how time and memory are counted.
import type { ResolvedRecipe } from '../../shared/recipe/resolve.ts'
import type { Checkpoint } from '../checkpoint/checkpoint.ts'
import type { Backend } from '../compute/backend.ts'
import { throwIfCancelled } from '../errors.ts'
import type { Model } from '../model/model.ts'
import type { EventLog } from './eventLog.ts'
import { watchMemory, type MemoryWatch } from './peakMemory.ts'
import { saveProgress, type RunProgress } from './progress.ts'
import type { RunFolder } from './runFolder.ts'

export interface SessionParts {
  readonly folder: RunFolder
  /** All paths absolute. */
  readonly recipe: ResolvedRecipe
  readonly source: Checkpoint
  readonly model: Model
  readonly backend: Backend
  readonly log: EventLog
  readonly progress: RunProgress
  readonly memoryBytes: number
  readonly signal?: AbortSignal
  /** A path of the recipe as the person wrote it. */
  readonly showPath: (path: string) => string
  /** Awaited between steps and blocks: a paused run waits in it. */
  readonly pausePoint?: () => Promise<void>
}

export type PhaseName = 'read' | 'calibrate' | 'prune' | 'reconstruct' | 'retrain' | 'evaluate' | 'save'

export interface RunSession extends SessionParts {
  /** Into the events, the report, and never twice the same. */
  warn(message: string): void
  /** Announces a phase and counts its seconds, under another name where that says better what takes them. */
  phase<T>(name: PhaseName, body: () => Promise<T>, timedAs?: PhaseName): Promise<T>
  /** Counts seconds under a phase's name without announcing it; they are not counted under the phase around it. */
  time<T>(name: PhaseName, body: () => Promise<T>): Promise<T>
  /** Progress of the current phase, at most four times a second. */
  advance(done: number, total: number, unit: string): void
  /** Makes what is done so far durable. */
  milestone(): Promise<void>
  /** Brings counters in `progress` up to date. */
  count(): void
  close(): void
}

const progressEveryMs = 250
const memoryEveryMs = 2000

export function createSession(parts: SessionParts): RunSession {
  const { progress, log, backend, signal, folder } = parts
  const clock = createPhaseClock(progress.seconds)
  const earlierPeak = progress.peakMemoryMb
  let lastMemory = -Infinity
  const memory: MemoryWatch = watchMemory(
    () => backend.memory().usedBytes,
    ({ rssMb, deviceMb }) => {
      if (log.elapsed() - lastMemory < memoryEveryMs) return
      lastMemory = log.elapsed()
      log.emit({ type: 'memory', rss_mb: Math.round(rssMb), device_mb: Math.round(deviceMb) })
    },
  )
  const count = () => {
    clock.flush()
    progress.elapsedMs = Math.round(log.elapsed())
    progress.eventsBytes = log.bytes()
    progress.peakMemoryMb = Math.max(earlierPeak, memory.peakMb())
  }
  let announced: PhaseName | null = null
  const announce = (phase: PhaseName) => {
    announced = phase
    log.emit({ type: 'phase', phase })
  }
  let shown = { phase: '', done: -1, at: -Infinity, begun: 0, from: 0 }
  return {
    ...parts,
    warn(message) {
      if (progress.warnings.includes(message)) return
      progress.warnings.push(message)
      log.emit({ type: 'warning', message })
    },
    async phase(name, body, timedAs = name) {
      throwIfCancelled(signal)
      const around = announced
      announce(name)
      const result = await clock.run(timedAs, body)
      if (around) announce(around)
      announced = around
      return result
    },
    time: (name, body) => clock.run(name, body),
    advance(done, total, unit) {
      const now = performance.now()
      if (!announced) return
      if (shown.phase !== announced || done < shown.done)
        shown = { phase: announced, done, at: -Infinity, begun: now, from: done }
      if (now - shown.at < progressEveryMs && done < total) return
      shown = { ...shown, done, at: now }
      const rate = (done - shown.from) / (now - shown.begun)
      const eta = rate > 0 ? Math.round((total - done) / rate / 1000) : null
      log.emit({ type: 'progress', phase: announced, done, total, unit, eta_s: eta })
    },
    async milestone() {
      count()
      await saveProgress(folder.state, progress)
    },
    count,
    close: () => memory.stop(),
  }
}

/** Seconds by phase; an inner phase's seconds are its own only. */
function createPhaseClock(seconds: Record<string, number>) {
  const stack: string[] = []
  let since = performance.now()
  const flush = () => {
    const now = performance.now()
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
