// A thread that does one thing, seen from the thread that answers: told to stop, ended when it does not react, and gone at the end.
import { EngineError, type ErrorCode } from '../engine/errors.ts'
import type { Worker } from 'node:worker_threads'

/** Messages that every such thread understands. */
export interface ToWorker {
  readonly type: 'cancel'
}

/** It could not be done. */
export interface WorkerFailure {
  readonly type: 'failed'
  readonly code: string
  readonly message: string
}

/**
 * `read` gives a message's result, or undefined while there is none; `ended` the result of one that did not react.
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
