// Between the backend's main thread and the thread that tries models out.
import type { DeviceChoice } from '../shared/protocol/rpc.ts'
import type { WorkerFailure } from './followWorker.ts'
import type { TryParams, TryProgress } from '../shared/protocol/tryOut.ts'

export interface TryStart {
  params: TryParams
  choice: DeviceChoice
}

export type FromTry = { type: 'progress'; progress: TryProgress } | { type: 'end'; device: string } | WorkerFailure
