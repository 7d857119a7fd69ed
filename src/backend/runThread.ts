// The thread of one run, seen from the thread that answers.
import type { DeviceChoice, ParamsOf } from '../protocol/parameters.ts'
import type { Worker } from 'node:worker_threads'
import { followWorker, type ToWorker, type WorkerFailure } from './followWorker.ts'
import { startWorker } from '../system/startWorker.ts'
import type { RunOutcome, RunUpdate } from '../protocol/rpc.ts'

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
  /** The run could not begin, or broke in a way that has no event. */
  | WorkerFailure

export interface RunThread {
  readonly outcome: Promise<RunOutcome>
  pause(paused: boolean): void
}

/** A run that does not react to its cancellation is ended: what it wrote has temporary names until it is whole. */
const patienceMs = 5000
/** Steps come by the hundred a second; a view needs no more than a few messages. */
const batchMs = 80

export function startRunThread(start: RunStart, signal: AbortSignal, onUpdate: (update: RunUpdate) => void): RunThread {
  const worker = startWorker(import.meta.url, './runWorker.ts', 'backendRun', { workerData: start })
  return {
    outcome: follow(worker, signal, onUpdate),
    pause: (paused) => worker.postMessage({ type: 'pause', paused } satisfies ToRun),
  }
}

async function follow(worker: Worker, signal: AbortSignal, onUpdate: (update: RunUpdate) => void): Promise<RunOutcome> {
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
