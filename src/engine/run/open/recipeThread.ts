// Work on a recipe that is so long that it would block everything else: it is done in a thread, by recipeWorker.ts.
import type { Worker } from 'node:worker_threads'
import { startWorker } from '../../../system/startWorker.ts'
import { EngineError, type ErrorCode, throwIfCancelled } from '../../errors.ts'

/** Up to so many characters the work takes less time than the thread would take to start. */
export const shortRecipe = 2 ** 16

/** Names that recipeWorker.ts has for its jobs. */
export type JobName = 'read' | 'plan' | 'warnings' | 'lint'

/** Message to the thread. */
export interface JobRequest {
  readonly name: JobName
  readonly args: readonly unknown[]
}

export type JobAnswer =
  | { readonly type: 'done'; readonly value: unknown }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string }

/**
 * Does a job on a recipe of `length` characters: here, or in a thread, where `name` is the name of the same job.
 * @throws EngineError as the job does, or 'cancelled' as soon as the signal fires in a thread.
 */
export async function doJob<A extends unknown[], R>(
  name: JobName,
  job: (...args: A) => R | Promise<R>,
  args: A,
  length: number,
  signal?: AbortSignal,
): Promise<R> {
  if (length <= shortRecipe) return job(...args)
  throwIfCancelled(signal)
  const workerData: JobRequest = { name, args }
  const worker = startWorker(import.meta.url, './recipeWorker.ts', 'recipeWorker', { workerData })
  try {
    const answer = await firstMessage(worker, signal)
    if (answer.type === 'failed') throw new EngineError(answer.code, answer.message)
    return answer.value as R
  } finally {
    await worker.terminate()
  }
}

function firstMessage(worker: Worker, signal: AbortSignal | undefined): Promise<JobAnswer> {
  return new Promise((resolve, reject) => {
    const cancel = () => reject(new EngineError('cancelled', 'cancelled'))
    signal?.addEventListener('abort', cancel, { once: true })
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', () => {
      signal?.removeEventListener('abort', cancel)
      reject(new EngineError('internal', 'the thread that reads the recipe has ended'))
    })
  })
}
