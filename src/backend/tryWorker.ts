// The thread in which models write side by side: kernels keep it busy.
import { parentPort, workerData } from 'node:worker_threads'
import type { Backend } from '../engine/compute/backend.ts'
import { EngineError } from '../engine/errors.ts'
import { defaultMemoryBytes } from '../engine/facts/defaultMemory.ts'
import { writeSideBySide } from '../engine/generate/sideBySide.ts'
import { openChosen } from './device.ts'
import type { ToWorker } from './followWorker.ts'
import type { FromTry, TryStart } from './tryOut.ts'

const { params, choice } = workerData as TryStart
const abort = new AbortController()
const post = (message: FromTry) => parentPort?.postMessage(message)
parentPort?.on('message', (message: ToWorker) => {
  if (message.type === 'cancel') abort.abort()
})

async function main(): Promise<void> {
  let backend: Backend | null = null
  try {
    backend = await openChosen(choice)
    const memoryBytes = params.memoryBytes ?? defaultMemoryBytes()
    const tell = (progress: Extract<FromTry, { type: 'progress' }>['progress']) => post({ type: 'progress', progress })
    const device = await writeSideBySide(backend, { ...params, memoryBytes, signal: abort.signal, tell })
    post({ type: 'end', device })
  } catch (error) {
    const code = error instanceof EngineError ? error.code : 'internal'
    if (code === 'internal') process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    post({ type: 'failed', code, message: error instanceof Error ? error.message : String(error) })
  } finally {
    await backend?.close().catch(() => {})
  }
}

void main()
