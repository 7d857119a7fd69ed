// A thread that scans the tensors it is told to, one after the other.
import { parentPort, workerData } from 'node:worker_threads'
import { EngineError } from '../../errors.ts'
import { openInspection } from '../inspection.ts'
import type { FromScan, ScanItem, ScanStart } from './scanMessages.ts'
import { scanItem } from './scanTensors.ts'

const port = parentPort
if (!port) throw new Error('this file runs as a worker thread')
const post = (message: FromScan) => port.postMessage(message)

// Whoever sends the items has decided what a checkpoint with holes means.
const opened = openInspection((workerData as ScanStart).path).then(({ checkpoint }) => checkpoint)
let last = Promise.resolve()
port.on('message', (item: ScanItem) => {
  last = last.then(() => scan(item)).catch(fail)
})

async function scan(item: ScanItem): Promise<void> {
  const stats = await scanItem(await opened, item, { onBytes: (bytes) => post({ type: 'bytes', bytes }) })
  post({ type: 'stats', name: item.name, stats })
}

function fail(error: unknown): void {
  const code = error instanceof EngineError ? error.code : 'internal'
  post({ type: 'failed', code, message: error instanceof Error ? error.message : String(error) })
}
