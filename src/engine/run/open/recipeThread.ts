// Work on a recipe that is so long that it would block everything else: it is done in a thread, by recipeWorker.ts.
import { once } from 'node:events'
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
    const ended = once(worker, 'exit', { signal }).then(() => {
      throw new EngineError('internal', 'the thread that reads the recipe has ended')
    })
    const [answer] = (await Promise.race([once(worker, 'message', { signal }), ended]).catch((error: unknown) => {
      throwIfCancelled(signal)
      throw error
    })) as [JobAnswer]
    if (answer.type === 'failed') throw new EngineError(answer.code, answer.message)
    return answer.value as R
  } finally {
    await worker.terminate()
  }
}
