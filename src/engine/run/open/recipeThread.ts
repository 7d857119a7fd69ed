// Processes very long recipes, which takes seconds, in a thread that Ctrl-C ends.
import type { Worker } from 'node:worker_threads'
import { EngineError, throwIfCancelled } from '../../errors.ts'
import { startWorker } from '../../../system/startWorker.ts'
import type { JobAnswer, JobName, JobRequest, RecipeJobs } from './recipeWorker.ts'

/** Up to so many characters it takes less time than the thread would take to start. */
export const shortRecipe = 2 ** 16

/** @throws EngineError as the job does, or 'cancelled' at once when the signal fires. */
export async function inRecipeThread<K extends JobName>(
  name: K,
  args: Parameters<RecipeJobs[K]>,
  signal?: AbortSignal,
): Promise<Awaited<ReturnType<RecipeJobs[K]>>> {
  throwIfCancelled(signal)
  const workerData: JobRequest = { name, args }
  const worker = startWorker(import.meta.url, './recipeWorker.ts', 'recipeWorker', { workerData })
  try {
    const answer = await firstMessage(worker, signal)
    if (answer.type === 'failed') throw new EngineError(answer.code, answer.message)
    return answer.value as Awaited<ReturnType<RecipeJobs[K]>>
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
