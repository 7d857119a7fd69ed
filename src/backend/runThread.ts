// The thread of one run, seen from the thread that answers.
import type { Worker } from 'node:worker_threads'
import { EngineError, type ErrorCode } from '../engine/errors.ts'
import { startWorker } from '../system/startWorker.ts'
import type { DeviceChoice, RunOutcome, RunParams, RunUpdate } from '../shared/protocol/rpc.ts'

export interface RunStart {
  params: RunParams
  choice: DeviceChoice
  version: string
}

export type ToRun = { type: 'cancel' } | { type: 'pause'; paused: boolean }

export type FromRun =
  | { type: 'folder'; folder: string }
  /** Something was written to the run's events. */
  | { type: 'event' }
  | { type: 'end'; outcome: RunOutcome }
  /** The run could not begin, or broke in a way that has no event. */
  | { type: 'failed'; code: string; message: string }

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

function follow(worker: Worker, signal: AbortSignal, onUpdate: (update: RunUpdate) => void): Promise<RunOutcome> {
  let folder: string | null = null
  let changed = false
  let timer: NodeJS.Timeout | null = null
  let patience: NodeJS.Timeout | null = null
  const flush = () => {
    if (timer) clearTimeout(timer)
    timer = null
    if (folder === null || !changed) return
    changed = false
    onUpdate({ folder })
  }
  const cancel = () => {
    worker.postMessage({ type: 'cancel' } satisfies ToRun)
    patience = setTimeout(() => void worker.terminate(), patienceMs)
  }
  return new Promise<RunOutcome>((resolve, reject) => {
    worker.on('message', (message: FromRun) => {
      switch (message.type) {
        case 'folder':
          folder = message.folder
          return onUpdate({ folder })
        case 'event':
          changed = true
          timer ??= setTimeout(flush, batchMs)
          return
        case 'end':
          flush()
          return resolve(message.outcome)
        case 'failed':
          flush()
          return reject(new EngineError(message.code as ErrorCode, message.message))
      }
    })
    worker.on('error', (error) => reject(error))
    worker.on('exit', () => {
      flush()
      if (signal.aborted) resolve({ status: 'cancelled', folder, message: null })
      else reject(new EngineError('internal', 'the run ended without a result'))
    })
    if (signal.aborted) cancel()
    signal.addEventListener('abort', cancel)
  }).finally(() => {
    signal.removeEventListener('abort', cancel)
    if (patience) clearTimeout(patience)
    void worker.terminate()
  })
}
