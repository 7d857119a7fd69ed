// Starts a worker thread, from a bundle (`dist/<name>.mjs`) or, in tests and tools, from its source.
import { Worker, type WorkerOptions } from 'node:worker_threads'

/**
 * `here` is the caller's import.meta.url, `source` the worker's file beside it, `bundle` its name in dist. A worker
 * thread does not inherit a TypeScript loader from its parent (Node 20), so from source the thread registers its own.
 */
export function startWorker(here: string, source: string, bundle: string, options: WorkerOptions = {}): Worker {
  if (!here.endsWith('.ts')) return new Worker(new URL(`./${bundle}.mjs`, here), options)
  const url = new URL(source, here).href
  const boot = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(url)}) })`
  return new Worker(boot, { ...options, eval: true })
}
