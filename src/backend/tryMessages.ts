// Between the backend's main thread and the thread that tries models out.
import type { DeviceChoice } from '../shared/protocol/rpc.ts'
import type { TryParams, TryProgress } from '../shared/protocol/tryOut.ts'

export interface TryStart {
  params: TryParams
  choice: DeviceChoice
}

export type ToTry = { type: 'cancel' }

export type FromTry =
  | { type: 'progress'; progress: TryProgress }
  | { type: 'end'; device: string }
  | { type: 'failed'; code: string; message: string }
