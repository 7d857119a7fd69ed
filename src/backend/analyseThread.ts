// The thread of one analysis, seen from the thread that answers.
import { EngineError, type ErrorCode } from '../engine/errors.ts'
import { startWorker } from '../engine/startWorker.ts'
import type { AnalysisRequest, AnalysisUpdate, DeviceChoice } from '../shared/protocol/rpc.ts'

export interface AnalyseStart {
  readonly request: AnalysisRequest
  readonly choice: DeviceChoice
}

export type ToAnalysis = { readonly type: 'cancel' }
export type FromAnalysis =
  | { readonly type: 'update'; readonly update: AnalysisUpdate }
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'end' }
  | { readonly type: 'failed'; readonly code: string; readonly message: string }

/** One that does not react is ended: what it has measured is on the disk, block by block. */
const patienceMs = 5000

/** @throws EngineError as `analyse`, or 'cancelled'. */
export async function analyseInThread(
  start: AnalyseStart,
  signal: AbortSignal,
  onUpdate: (update: AnalysisUpdate) => void,
): Promise<{ warnings: string[] }> {
  const worker = startWorker(import.meta.url, './analyseWorker.ts', 'backendAnalyse', { workerData: start })
  const warnings: string[] = []
  let loss: number | null = null
  let patience: NodeJS.Timeout | null = null
  const cancel = () => {
    worker.postMessage({ type: 'cancel' } satisfies ToAnalysis)
    patience = setTimeout(() => void worker.terminate(), patienceMs)
  }
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on('message', (message: FromAnalysis) => {
        switch (message.type) {
          case 'update':
            loss = message.update.loss ?? loss
            return onUpdate({ ...message.update, loss })
          case 'warning':
            return void warnings.push(message.message)
          case 'end':
            return resolve()
          case 'failed':
            return reject(new EngineError(message.code as ErrorCode, message.message))
        }
      })
      worker.on('error', reject)
      worker.on('exit', () => {
        if (signal.aborted) reject(new EngineError('cancelled', 'cancelled'))
        else reject(new EngineError('internal', 'the analysis ended without a result'))
      })
      if (signal.aborted) cancel()
      signal.addEventListener('abort', cancel)
    })
    return { warnings }
  } finally {
    signal.removeEventListener('abort', cancel)
    if (patience) clearTimeout(patience)
    void worker.terminate()
  }
}
