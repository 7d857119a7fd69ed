// Jobs of the thread of recipeThread.ts.
import type { Finding } from '../../../recipe/finding.ts'
import { lintText, type LintTextOptions } from '../../facts/lintFile.ts'
import { planOfText } from './dryRun.ts'
import { parseFile, warningsOf } from './recipeFile.ts'
import type { ErrorCode } from '../../errors.ts'

export const jobs = {
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
