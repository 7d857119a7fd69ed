// The thread of recipeThread.ts: one job, answered with a value or with the error as data.
import { parentPort, workerData } from 'node:worker_threads'
import { EngineError } from '../../errors.ts'
import { jobs, type JobAnswer, type JobRequest } from './recipeJobs.ts'

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
