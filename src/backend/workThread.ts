// A worker thread for one job, and its counterpart in the main thread, which can cancel the job. The thread is terminated after the
// job, or when it does not react to a cancellation.
import { parentPort, type Worker } from 'node:worker_threads'
import { EngineError, type ErrorCode, messageOf } from '../engine/errors.ts'

/** Sent to every such thread. */
export interface ToWorker {
  readonly type: 'cancel'
}

/** The job failed. */
export interface WorkerFailure {
  readonly type: 'failed'
  readonly code: string
  readonly message: string
}

/**
 * In the main thread: `read` returns the result in a message, or undefined; `ended` returns the result of a thread that did not react.
 * @throws EngineError of the thread, or 'cancelled'.
 */
export async function followWorker<Message extends { readonly type: string }, Result>(
  worker: Worker,
  signal: AbortSignal,
  patienceMs: number,
  read: (message: Exclude<Message, WorkerFailure>) => Result | undefined,
  ended?: () => Result,
): Promise<Result> {
  let patience: NodeJS.Timeout | undefined
  const cancel = () => {
    worker.postMessage({ type: 'cancel' } satisfies ToWorker)
    patience = setTimeout(() => void worker.terminate(), patienceMs)
  }
  try {
    return await new Promise<Result>((resolve, reject) => {
      worker.on('message', (message: Message | WorkerFailure) => {
        if (isFailure(message)) return reject(new EngineError(message.code as ErrorCode, message.message))
        const result = read(message as Exclude<Message, WorkerFailure>)
        if (result !== undefined) resolve(result)
      })
      worker.on('error', reject)
      worker.on('exit', () => {
        if (signal.aborted && ended) resolve(ended())
        else if (signal.aborted) reject(new EngineError('cancelled', 'cancelled'))
        else reject(new EngineError('internal', 'the thread ended without a result'))
      })
      if (signal.aborted) cancel()
      signal.addEventListener('abort', cancel)
    })
  } finally {
    signal.removeEventListener('abort', cancel)
    clearTimeout(patience)
    await worker.terminate()
  }
}

function isFailure(message: { readonly type: string }): message is WorkerFailure {
  return message.type === 'failed'
}

/** In the thread: does the work, which `signal` cancels, and reports why it failed. */
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
