// Does work on long recipes in a thread (recipeWorker.ts), since it would block everything else.
import { once } from 'node:events'
import { startWorker } from '../../../system/startWorker.ts'
import { EngineError, type ErrorCode, throwIfCancelled } from '../../errors.ts'

/** Characters up to which the work takes less time than starting a thread. */
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
 * Does a job on a recipe of `length` characters: in this thread, or in a worker that knows the job as `name`.
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
