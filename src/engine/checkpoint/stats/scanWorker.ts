// A thread that scans ranges of rows, one request after the other.
import { openInspection } from '../checkpoint.ts'
import { parentPort, workerData } from 'node:worker_threads'
import { EngineError, messageOf } from '../../errors.ts'
import { type FromScan, type ScanStart, type ScanTask, entryOf } from './scanTensors.ts'
import { tallyTensor } from './tensorTally.ts'

const port = parentPort
if (!port) throw new Error('this file runs as a worker thread')
const post = (message: FromScan) => port.postMessage(message)

// The main thread has already decided what to do with an incomplete checkpoint, so problems are ignored here.
const opened = openInspection((workerData as ScanStart).path).then(({ checkpoint }) => checkpoint)
let last = Promise.resolve()
port.on('message', (task: ScanTask) => {
  last = last.then(() => scan(task)).catch(fail)
})

async function scan(task: ScanTask): Promise<void> {
  const checkpoint = await opened
  const onBytes = (bytes: number) => post({ type: 'bytes', bytes })
  const tally = await tallyTensor(checkpoint, entryOf(checkpoint, task), { ...task, onBytes })
  post({ type: 'done', tally })
}

function fail(error: unknown): void {
  const code = error instanceof EngineError ? error.code : 'internal'
  post({ type: 'failed', code, message: messageOf(error) })
}
