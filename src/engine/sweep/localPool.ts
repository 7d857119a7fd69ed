// The local engine: one process per run, and at most `jobs` at a time. There is no other scheduling, and a run that fails does not
// stop the others.
import { cancelledRuns, cancelRuns } from '../../runs/runStatus.ts'
import type { SweepFolder } from '../../runs/folder/sweepFolder.ts'

/** A run in progress: a process, or a test's replacement. SIGINT stops it in a state that can be resumed. */
export interface StartedRun {
  readonly killed: boolean
  kill(signal: 'SIGINT' | 'SIGKILL'): unknown
  once(event: 'exit' | 'error', listener: () => void): this
}

export interface PoolOptions {
  readonly folder: SweepFolder
  /** Runs that are not done, in their order. */
  readonly indices: readonly number[]
  readonly jobs: number
  readonly start: (index: number) => StartedRun
  readonly onStart: (index: number) => void
  /** Called when a run's process is gone. */
  readonly onEnd: (index: number) => Promise<void>
  readonly signal: AbortSignal
}

/** Milliseconds between asking a process to stop and killing it. */
const graceMs = 1200
const lookEveryMs = 250

/** Returns, or throws the first error, when no process is left. After an error no run is started. */
export async function runPool({ folder, indices, jobs, start, onStart, onEnd, signal }: PoolOptions): Promise<void> {
  const alive = new Map<number, StartedRun>()
  const timers = new Set<NodeJS.Timeout>()
  let marking = Promise.resolve()
  const stop = (index: number) => {
    const child = alive.get(index)
    if (!child || child.killed) return
    child.kill('SIGINT')
    const kill = () => void child.kill('SIGKILL')
    // A killed run cannot record that it was stopped on purpose, so it is marked first. Marks share one file and are written in turn.
    const killMarked = () => {
      if (alive.get(index) === child) marking = marking.then(() => cancelRuns(folder, [index])).then(kill, kill)
    }
    timers.add(setTimeout(killMarked, graceMs))
  }
  const stopAll = () => {
    for (const index of alive.keys()) stop(index)
  }
  signal.addEventListener('abort', stopAll)
  const looking = setInterval(() => {
    void cancelledRuns(folder)
      .then((cancelled) => cancelled.forEach(stop))
      .catch(() => undefined)
  }, lookEveryMs)
  const queue = [...indices]
  const runFromQueue = async () => {
    for (let index = queue.shift(); index !== undefined && !signal.aborted; index = queue.shift()) {
      const cancelled = await cancelledRuns(folder)
      // `stopAll` reaches only processes that exist: one that starts later would run to its end.
      if (signal.aborted) return
      if (cancelled.has(index)) continue
      const child = start(index)
      alive.set(index, child)
      onStart(index)
      await gone(child)
      alive.delete(index)
      await onEnd(index)
    }
  }
  const errors: unknown[] = []
  const work = () =>
    runFromQueue().catch((error: unknown) => {
      errors.push(error)
      queue.length = 0
    })
  try {
    await Promise.all(Array.from({ length: jobs }, work))
    if (errors.length > 0) throw errors[0]
  } finally {
    clearInterval(looking)
    for (const timer of timers) clearTimeout(timer)
    signal.removeEventListener('abort', stopAll)
  }
}

/** Resolves when the process is gone. A process that could not be started emits `error` and never `exit`. */
function gone(child: StartedRun): Promise<void> {
  return new Promise((resolve) => void child.once('exit', () => resolve()).once('error', () => resolve()))
}
