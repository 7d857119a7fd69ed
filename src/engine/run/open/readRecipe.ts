// Reads a recipe from disk; a very long one in a thread.
import { resolve } from 'node:path'
import type { Worker } from 'node:worker_threads'
import type { PlanSummary } from '../../../plan/planSummary.ts'
import { startWorker } from '../../../system/startWorker.ts'
import { EngineError, throwIfCancelled } from '../../errors.ts'
import { maxRecipeBytes, readSmallFile } from '../../checkpoint/regularFile.ts'
import { planOfText } from './dryRun.ts'
import { type LintRecipeOptions, parseFile, type RecipeFile, warningsOf } from './recipeFile.ts'
import type { JobAnswer, JobName, JobRequest, RecipeJobs } from './recipeWorker.ts'

/**
 * Reads and validates. `settings` are `path=value` as in `run --set recover.steps=10`.
 * @throws EngineError 'not-found', 'bad-recipe' with file, line and column, or 'usage' for a setting.
 */
export async function readRecipe(
  path: string,
  settings: readonly string[] = [],
  signal?: AbortSignal,
): Promise<RecipeFile> {
  const full = resolve(path)
  const text = await readSmallFile(full, maxRecipeBytes, 'bad-recipe')
  if (text.length > shortRecipe) return inRecipeThread('read', [full, text, settings], signal)
  return parseFile(full, text, settings)
}

/** All that lint warns of, beside model, data and output, but for hints. */
export async function warningsOfRecipe(
  file: RecipeFile,
  options: LintRecipeOptions,
  signal?: AbortSignal,
): Promise<string[]> {
  const { length } = file.text ?? JSON.stringify(file.recipe)
  return length > shortRecipe ? inRecipeThread('warnings', [file, options], signal) : warningsOf(file, options)
}

/** Modules, trainable set, estimates, and what is wrong. @throws EngineError for a recipe or model that cannot be read. */
export async function planOfRecipe(
  path: string,
  settings: readonly string[],
  memoryBytes?: number,
  signal?: AbortSignal,
): Promise<PlanSummary> {
  const full = resolve(path)
  const text = await readSmallFile(full, maxRecipeBytes, 'bad-recipe')
  const args = [path, text, settings, memoryBytes] as const
  return text.length > shortRecipe ? inRecipeThread('plan', [...args], signal) : planOfText(...args)
}

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
