// Queues for heavy work: one run at a time, and in parallel one scan or comparison at a time. Cheap work is not queued.
import { EngineError } from '../engine/errors.ts'

export function createLane() {
  let tail: Promise<unknown> = Promise.resolve()
  let length = 0
  return {
    /** Starts `work` when everything queued before is over. A job cancelled while it waits never starts. */
    run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
      length++
      let begun = false
      const turn = tail.then(() => {
        begun = true
        if (signal.aborted) throw cancelled()
        return work()
      })
      tail = turn.catch(() => {})
      // A job that is cancelled while it waits ends at once, not when the jobs before it are over.
      const givenUp = new Promise<never>((_, reject) => {
        const giveUp = () => begun || reject(cancelled())
        if (signal.aborted) giveUp()
        else signal.addEventListener('abort', giveUp, { once: true })
        void tail.then(() => signal.removeEventListener('abort', giveUp))
      })
      return Promise.race([turn, givenUp]).finally(() => length--)
    },
    /** Jobs that run or wait. */
    length: () => length,
  }
}

function cancelled(): EngineError {
  return new EngineError('cancelled', 'cancelled')
}
