// Runs a recipe in a thread of its own: kernels keep that thread busy, and this one must go on answering views,
// pings and cancellations.
import type { Worker } from 'node:worker_threads'
import { startWorker } from '../engine/startWorker.ts'
import { EngineError, type ErrorCode } from '../engine/errors.ts'
import type { RunOutcome, RunParams, RunUpdate } from '../shared/protocol/rpc.ts'
import type { FromRun, RunStart, ToRun } from './runMessages.ts'

export interface Runs {
  run(params: RunParams, signal: AbortSignal, onUpdate: (update: RunUpdate) => void): Promise<RunOutcome>
  pause(folder: string, paused: boolean): void
}

/** A run that does not react to its cancellation is ended: what it wrote has temporary names until it is whole. */
const patienceMs = 5000
/** Steps come by the hundred a second; a view needs no more than a few messages. */
const batchMs = 80

export function createRuns(settings: Omit<RunStart, 'params'>): Runs {
  const live = new Map<string, Worker>()
  return {
    run(params, signal, onUpdate) {
      const worker = startWorker(import.meta.url, './runWorker.ts', 'backendRun', {
        workerData: { ...settings, params } satisfies RunStart,
      })
      return follow(worker, signal, onUpdate, live)
    },
    pause(folder, paused) {
      live.get(folder)?.postMessage({ type: 'pause', paused } satisfies ToRun)
    },
  }
}

function follow(
  worker: Worker,
  signal: AbortSignal,
  onUpdate: (update: RunUpdate) => void,
  live: Map<string, Worker>,
): Promise<RunOutcome> {
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
          live.set(folder, worker)
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
    if (folder !== null) live.delete(folder)
    void worker.terminate()
  })
}
