import type { Worker } from 'node:worker_threads'

/** What `body` gives, and the threads that it started, in their order. */
export async function threadsOf<T>(body: () => Promise<T>): Promise<{ result: T; threads: Worker[] }> {
  const threads: Worker[] = []
  const take = (worker: Worker) => void threads.push(worker)
  process.on('worker', take)
  try {
    return { result: await body(), threads }
  } finally {
    process.off('worker', take)
  }
}
