// The thread of readRecipe.ts: one job, answered with a value or with the error as data.
import { parentPort, workerData } from 'node:worker_threads'
import { EngineError, type ErrorCode } from '../../errors.ts'
import type { Finding } from '../../../recipe/finding.ts'
import { lintText, type LintTextOptions } from '../../facts/recipeFacts.ts'
import { planOfText } from './dryRun.ts'
import { parseFile, warningsOf } from './recipeFile.ts'

const jobs = {
  read: parseFile,
  plan: planOfText,
  warnings: warningsOf,
  lint: async (text: string, options: LintTextOptions): Promise<readonly Finding[]> =>
    (await lintText(text, options)).findings,
}

export type RecipeJobs = typeof jobs

export type JobName = keyof RecipeJobs

/** Message to the thread. */
export interface JobRequest {
  readonly name: JobName
  readonly args: readonly unknown[]
}

export type JobAnswer =
  | { readonly type: 'done'; readonly value: unknown }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string }

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
