// Between the backend's main thread and the thread that runs a recipe.
import type { DeviceChoice, RunOutcome, RunParams } from '../shared/protocol/rpc.ts'

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
