// Runs of all windows, one at a time, each in its own thread: kernels keep that thread busy, and the main thread must still answer
// views, pings and cancellations. A run belongs to no connection: the window that started it may close, and another may follow it.
import type { Worker } from 'node:worker_threads'
import type { DeviceChoice, ParamsOf } from '../protocol/parameters.ts'
import { EngineError } from '../engine/errors.ts'
import type { ActiveRun, RunOutcome, RunUpdate } from '../protocol/rpc.ts'
import { createLane } from './jobs.ts'
import { followWorker, type ToWorker, type WorkerFailure } from './workThread.ts'
import { startWorker } from '../system/startWorker.ts'

type Listener = (update: RunUpdate) => void

interface Entry {
  readonly id: number
  readonly recipe: string
  readonly resume: string | null
  readonly abort: AbortController
  readonly listeners: Set<Listener>
  readonly outcome: Promise<RunOutcome>
  folder: string | null
  paused: boolean
  thread: Worker | null
}

export function createRuns(version: string) {
  const lane = createLane()
  const entries = new Map<number, Entry>()
  let lastId = 0
  const start = (params: ParamsOf<'run'>, choice: DeviceChoice): Entry => {
    const id = ++lastId
    const abort = new AbortController()
    const listeners = new Set<Listener>()
    const onUpdate = (update: RunUpdate) => {
      entry.folder = update.folder
      for (const listener of listeners) listener(update)
    }
    const begin = () => {
      const workerData: RunStart = { params, choice, version }
      entry.thread = startWorker(import.meta.url, './runWorker.ts', 'backendRun', { workerData })
      return follow(entry.thread, abort.signal, onUpdate)
    }
    const outcome = lane.run(abort.signal, begin).finally(() => entries.delete(id))
    // Windows that follow the run get the error. Without one, the failure is only recorded in the run's folder.
    outcome.catch(() => {})
    const entry: Entry = {
      id,
      recipe: params.recipe,
      resume: params.resume,
      abort,
      listeners,
      outcome,
      folder: null,
      paused: false,
      thread: null,
    }
    entries.set(id, entry)
    return entry
  }
  return {
    run: (params: ParamsOf<'run'>, choice: DeviceChoice, signal: AbortSignal, onUpdate: Listener) =>
      followEntry(start(params, choice), signal, onUpdate),
    /** Runs that are in progress or wait, in the order of their requests. */
    active: (): ActiveRun[] =>
      [...entries.values()].map(({ id, recipe, folder, resume, paused }) => ({ id, recipe, folder, resume, paused })),
    /** @throws EngineError 'not-found' when the run is over. */
    async follow(id: number, signal: AbortSignal, onUpdate: Listener) {
      const entry = entries.get(id)
      if (!entry) throw new EngineError('not-found', 'this run is over')
      return followEntry(entry, signal, onUpdate)
    },
    pause(folder: string, paused: boolean) {
      for (const entry of entries.values()) {
        if (entry.folder !== folder) continue
        entry.paused = paused
        entry.thread?.postMessage({ type: 'pause', paused } satisfies ToRun)
      }
    },
  }
}

/** Resolves with the outcome of the run. The signal cancels the run itself, not only the wait for it. */
async function followEntry(entry: Entry, signal: AbortSignal, onUpdate: Listener): Promise<RunOutcome> {
  const cancel = () => entry.abort.abort()
  entry.listeners.add(onUpdate)
  signal.addEventListener('abort', cancel)
  if (signal.aborted) cancel()
  if (entry.folder !== null) onUpdate({ folder: entry.folder })
  try {
    return await entry.outcome
  } finally {
    signal.removeEventListener('abort', cancel)
    entry.listeners.delete(onUpdate)
  }
}

export interface RunStart {
  params: ParamsOf<'run'>
  choice: DeviceChoice
  version: string
}

export type ToRun = ToWorker | { readonly type: 'pause'; readonly paused: boolean }

export type FromRun =
  | { type: 'folder'; folder: string }
  /** Something was written to the run's events. */
  | { type: 'event' }
  | { type: 'end'; outcome: RunOutcome }
  /** The run could not begin, or failed without an event. */
  | WorkerFailure

/** How long a cancelled run may take to stop before its thread is terminated, in ms. Incomplete output has temporary names. */
const patienceMs = 5000
/** Updates within this many ms are sent as one: a run can have hundreds of steps a second. */
const batchMs = 80

async function follow(worker: Worker, signal: AbortSignal, onUpdate: Listener): Promise<RunOutcome> {
  let folder: string | null = null
  let timer: NodeJS.Timeout | null = null
  const flush = () => {
    if (timer) clearTimeout(timer)
    if (timer && folder !== null) onUpdate({ folder })
    timer = null
  }
  try {
    const read = (message: Exclude<FromRun, WorkerFailure>) => {
      switch (message.type) {
        case 'folder':
          folder = message.folder
          return void onUpdate({ folder })
        case 'event':
          timer ??= setTimeout(flush, batchMs)
          return
        case 'end':
          return message.outcome
      }
    }
    const ended = (): RunOutcome => ({ status: 'cancelled', folder, message: null })
    return await followWorker<FromRun, RunOutcome>(worker, signal, patienceMs, read, ended)
  } finally {
    flush()
  }
}
