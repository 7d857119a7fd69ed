// The thread of recipeThread.ts: one job, answered with a value or with the error as data.
import { parentPort, workerData } from 'node:worker_threads'
import type { Finding } from '../../../shared/recipe/finding.ts'
import { importRecipe } from '../../../shared/recipe/foreign/importRecipe.ts'
import { EngineError } from '../../errors.ts'
import { lintText, type LintTextOptions } from '../../facts/lintFile.ts'
import { planOfText } from './dryRun.ts'
import { parseFile } from './recipeFile.ts'
import type { JobAnswer, JobRequest } from './recipeThread.ts'

const jobs = {
  read: parseFile,
  plan: planOfText,
  import: importRecipe,
  lint: async (text: string, options: LintTextOptions): Promise<readonly Finding[]> =>
    (await lintText(text, options)).findings,
}

export type RecipeJobs = typeof jobs

const { name, args } = workerData as JobRequest
const run = jobs[name] as (...args: readonly unknown[]) => unknown
let answer: JobAnswer
try {
  answer = { type: 'done', value: await run(...args) }
} catch (error) {
  if (!(error instanceof EngineError)) throw error
  answer = { type: 'failed', code: error.code, message: error.message }
}
parentPort?.postMessage(answer)
