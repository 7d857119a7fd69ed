// The heartbeat of a run's lock, in a thread of its own: kernels of the CPU backend block the run's thread for longer than a lock
// may go without a beat, and a busy run must not look like a dead one.
import { parentPort, workerData } from 'node:worker_threads'
import { beat, lose, noteBeat, type BeatStart } from './lock.ts'

const { folder, holder, everyMs, state } = workerData as BeatStart

function once(): void {
  try {
    if (beat(folder, holder)) noteBeat(state)
    else if (lose(state)) parentPort?.postMessage('lost')
  } catch {
    // The disk may fail for a moment. If that lasts, another process takes over, and the next beat that succeeds notices it.
  }
}

once()
parentPort?.postMessage('ready')
setInterval(once, everyMs)
