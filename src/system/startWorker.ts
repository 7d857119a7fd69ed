// Starts a worker thread, from a bundle (`dist/<name>.mjs`) or, in tests and tools, from its source.
import { readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Worker, type WorkerOptions } from 'node:worker_threads'

/**
 * `here` is the caller's import.meta.url, `source` the worker's file beside it, `bundle` its name in dist. A worker
 * thread does not inherit a TypeScript loader from its parent (Node 20), so from source the thread registers its own. That
 * takes five times as long as the rest of a start, so a bundle that is newer than every source is used instead.
 */
export function startWorker(here: string, source: string, bundle: string, options: WorkerOptions = {}): Worker {
  const built = builtFile(here, bundle)
  if (built) return new Worker(built, options)
  const url = new URL(source, here).href
  const boot = `import('${loader('tsx/esm/api')}').then(({ register }) => { register(); return import(${JSON.stringify(url)}) })`
  return new Worker(boot, { ...options, eval: true })
}

/** Arguments of Node that run the same file as a process. */
export function programArguments(here: string, source: string, bundle: string): string[] {
  const built = builtFile(here, bundle)
  return built ? [fileURLToPath(built)] : ['--import', loader('tsx'), fileURLToPath(new URL(source, here))]
}

/** The bundle, unless this runs from source and some source is newer. */
function builtFile(here: string, bundle: string): URL | null {
  if (!here.endsWith('.ts')) return new URL(`./${bundle}.mjs`, here)
  const root = here.slice(0, here.lastIndexOf('/src/') + 1)
  const built = new URL(`dist/${bundle}.mjs`, root)
  return isCurrent(built, root) ? built : null
}

/** The loader is given by its URL: a program that is a string resolves packages from the working directory. */
function loader(name: string): string {
  return pathToFileURL(createRequire(import.meta.url).resolve(name)).href.replace(/cjs$/, 'mjs')
}

/** Time, in ms, at which the newest source of a root was written, found once a process. */
const newest = new Map<string, number>()

function isCurrent(built: URL, root: string): boolean {
  const made = statSync(built, { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (made === 0) return false
  if (!newest.has(root)) newest.set(root, newestSource(fileURLToPath(root)))
  return made >= (newest.get(root) ?? Infinity)
}

/** Time at which the newest source, or the lock file of the dependencies, was written. */
function newestSource(root: string): number {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).map((name) => join('src', name))
  return [...sources, 'package-lock.json'].reduce(
    (latest, name) => Math.max(latest, statSync(join(root, name), { throwIfNoEntry: false })?.mtimeMs ?? 0),
    0,
  )
}
