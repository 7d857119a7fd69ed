// Analyses of all windows, one at a time, each in a thread of its own.
import type { DeviceChoice, ParamsOf } from '../protocol/parameters.ts'
import { startWorker } from '../system/startWorker.ts'
import type { AnalysisUpdate } from '../protocol/inspect.ts'
import { followWorker, type WorkerFailure } from './workThread.ts'
import { createLane } from './jobs.ts'
import { wholeModel } from './summary.ts'

export interface AnalyseStart {
  readonly request: ParamsOf<'analyse'>
  readonly choice: DeviceChoice
}

export type FromAnalysis =
  | { readonly type: 'update'; readonly update: AnalysisUpdate }
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'end' }
  | WorkerFailure

/** How long a cancelled analysis may take to stop before its thread is terminated, in ms. Its measured blocks are on disk. */
const patienceMs = 5000

type OnUpdate = (update: AnalysisUpdate) => void

export function createAnalyses() {
  const lane = createLane()
  return {
    async analyse(request: ParamsOf<'analyse'>, choice: DeviceChoice, signal: AbortSignal, onUpdate: OnUpdate) {
      const path = await wholeModel(request.path)
      return lane.run(signal, () => analyseInThread({ request: { ...request, path }, choice }, signal, onUpdate))
    },
    /** Number of analyses that run or wait. */
    active: () => lane.length(),
  }
}

/** @throws EngineError as `analyse`, or 'cancelled'. */
async function analyseInThread(
  start: AnalyseStart,
  signal: AbortSignal,
  onUpdate: OnUpdate,
): Promise<{ warnings: string[] }> {
  const worker = startWorker(import.meta.url, './analyseWorker.ts', 'backendAnalyse', { workerData: start })
  const warnings: string[] = []
  let loss: number | null = null
  return followWorker<FromAnalysis, { warnings: string[] }>(worker, signal, patienceMs, (message) => {
    switch (message.type) {
      case 'update':
        loss = message.update.loss ?? loss
        return void onUpdate({ ...message.update, loss })
      case 'warning':
        return void warnings.push(message.message)
      case 'end':
        return { warnings }
    }
  })
}
