// The other end of followWorker.ts: the thread that does one thing.
import { parentPort } from 'node:worker_threads'
import { EngineError, messageOf } from '../engine/errors.ts'
import type { ToWorker, WorkerFailure } from './followWorker.ts'

/** Does the work, told to stop by `signal`, and says why where it cannot be done. */
export async function workThread<From>(
  work: (post: (message: From) => void, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const abort = new AbortController()
  parentPort?.on('message', ({ type }: ToWorker) => type === 'cancel' && abort.abort())
  try {
    await work((message) => parentPort?.postMessage(message), abort.signal)
  } catch (error) {
    const code = error instanceof EngineError ? error.code : 'internal'
    if (code === 'internal') process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    const message = messageOf(error)
    parentPort?.postMessage({ type: 'failed', code, message } satisfies WorkerFailure)
  }
}
