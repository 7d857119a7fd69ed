// Heavy work stands in line: one run at a time, and beside it one scan or comparison at a time. What is cheap does
// not queue at all.
import { EngineError } from '../engine/errors.ts'

export interface Lane {
  /** Starts `work` when everything queued before is over. A job cancelled while it waits never starts. */
  run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
  /** Jobs that run or wait. */
  length(): number
}

export function createLane(): Lane {
  let tail: Promise<unknown> = Promise.resolve()
  let length = 0
  return {
    run(signal, work) {
      length++
      const result = tail
        .then(() => {
          if (signal.aborted) throw new EngineError('cancelled', 'cancelled')
          return work()
        })
        .finally(() => length--)
      tail = result.catch(() => {})
      return result
    },
    length: () => length,
  }
}
