// The thread of recipeThread.ts: one job, answered with a value or with the error as data.
import { parentPort, workerData } from 'node:worker_threads'
import { EngineError } from '../../errors.ts'
import { findingsOf } from '../../facts/recipeFacts.ts'
import { planOfText } from './dryRun.ts'
import { parseFile, warningsOf } from './recipeFile.ts'
import type { JobAnswer, JobName, JobRequest } from './recipeThread.ts'

type Job = (...args: readonly unknown[]) => unknown
const jobs = { read: parseFile, plan: planOfText, warnings: warningsOf, lint: findingsOf } satisfies Record<
  JobName,
  unknown
>

const { name, args } = workerData as JobRequest
let answer: JobAnswer
try {
  answer = { type: 'done', value: await (jobs[name] as Job)(...args) }
} catch (error) {
  if (!(error instanceof EngineError)) throw error
  answer = { type: 'failed', code: error.code, message: error.message }
}
parentPort?.postMessage(answer)
