// The heartbeat of a run's lock, in a thread of its own: kernels of the CPU backend keep the run's thread busy for longer
// than a lock may stand still, and a busy run must not look like a dead one.
import { parentPort, workerData } from 'node:worker_threads'
import type { LockHolder } from './lockText.ts'
import { beat } from './lockChain.ts'
import { lockState, type BeatState } from './lockState.ts'

export interface BeatStart {
  readonly folder: string
  readonly holder: LockHolder
  readonly everyMs: number
  readonly shared: SharedArrayBuffer
}

const { folder, holder, everyMs, shared } = workerData as BeatStart
const state: BeatState = lockState(shared)

function once(): void {
  try {
    if (beat(folder, holder)) state.beaten()
    else if (state.lose()) parentPort?.postMessage('lost')
  } catch {
    // A disk that fails for a moment. If it lasts, others take over, and the next beat that gets through notices.
  }
}

once()
parentPort?.postMessage('ready')
setInterval(once, everyMs)
