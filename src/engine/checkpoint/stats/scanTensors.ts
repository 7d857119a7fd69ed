// Statistics of many tensors, on several threads where there is much to read: a scan is limited by the processor, not by
// the disk.
import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import type { TensorStats } from '../../../protocol/inspect.ts'
import { breathe } from '../../breathe.ts'
import { EngineError, type ErrorCode } from '../../errors.ts'
import { startWorker } from '../../../system/startWorker.ts'
import type { Checkpoint, TensorEntry } from '../checkpoint.ts'
import { rangesOf, type RowRange } from './rowPieces.ts'
import { statsOf, tensorStats, type StatsOptions } from './tensorStats.ts'
import type { TensorTally } from './tensorTally.ts'
import type { NmPattern } from '../../../catalog/formats/sparsity.ts'

// Messages between the scan and its threads (scanWorker.ts).

/** One tensor to scan. */
export interface ScanItem {
  readonly name: string
  readonly nm: readonly NmPattern[]
  /** The matrix is stored [in, out]. */
  readonly transposed: boolean
}

/** Some rows of a tensor, for one thread. */
export interface ScanTask extends ScanItem {
  readonly range: RowRange
}

export interface ScanStart {
  /** Path of the checkpoint, which every thread opens for itself. */
  readonly path: string
}

export type FromScan =
  | { readonly type: 'bytes'; readonly bytes: number }
  /** Tally of the task that was sent; null for a type that can only be listed. */
  | { readonly type: 'done'; readonly tally: TensorTally | null }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string }

export interface ScanOptions extends Pick<StatsOptions, 'signal' | 'onBytes'> {
  /** Default: by the bytes to read and the number of cores. */
  readonly threads?: number
  /** Called for each tensor when it is done, roughly in the order of the items; null for types that can only be listed. */
  readonly onStats: (name: string, stats: TensorStats | null) => void
}

/** With less to scan, a thread takes longer to start than to do its share. */
const leastBytesPerThread = 64 * 2 ** 20
/** More threads would wait for memory and slow other work. */
const mostThreads = 8

/** @throws EngineError of the first tensor that fails, or 'cancelled'. Tensors that were finished before have been reported. */
export async function scanTensors(checkpoint: Checkpoint, all: readonly ScanItem[], given: ScanOptions): Promise<void> {
  const { items, options } = oncePerPlace(checkpoint, all, given)
  const scans = items.map((item): Scan => {
    const entry = entryOf(checkpoint, item)
    return { entry, tasks: rangesOf(entry, item).map((range) => ({ ...item, range })) }
  })
  const tasks = scans.reduce((sum, scan) => sum + scan.tasks.length, 0)
  const threads = checkpoint.remote ? 1 : Math.min(tasks, options.threads ?? usefulThreads(scans))
  if (threads > 1) return scanOnThreads(checkpoint.path, scans, threads, options)
  for (const item of items) {
    await breathe(options.signal)
    options.onStats(item.name, await scanItem(checkpoint, item, options))
  }
}

/** Files of PyTorch may give the same bytes a hundred thousand names: each place is scanned once and reported for every name. */
function oncePerPlace(
  checkpoint: Checkpoint,
  all: readonly ScanItem[],
  options: ScanOptions,
): { items: ScanItem[]; options: ScanOptions } {
  const names = new Map<string, string[]>()
  const items: ScanItem[] = []
  const namesOf = (item: ScanItem): string[] => {
    const { name: _, ...place } = entryOf(checkpoint, item)
    const key = JSON.stringify([place, item.nm, item.transposed])
    const known = names.get(key) ?? []
    if (known.length === 0) items.push(item)
    names.set(key, known)
    return known
  }
  for (const item of all) namesOf(item).push(item.name)
  const alike = new Map([...names.values()].map(([first, ...others]) => [first, others]))
  const onStats: ScanOptions['onStats'] = (first, stats) => {
    options.onStats(first, stats)
    for (const name of alike.get(first) ?? []) {
      options.onBytes?.(checkpoint.tensors.get(name)?.bytes ?? 0)
      options.onStats(name, stats && { ...stats, name })
    }
  }
  return { items, options: { ...options, onStats } }
}

/** null when the element type can only be listed. @throws EngineError as `tensorStats`. */
export async function scanItem(
  checkpoint: Checkpoint,
  item: ScanItem,
  options: Pick<StatsOptions, 'signal' | 'onBytes'>,
): Promise<TensorStats | null> {
  const { nm, transposed } = item
  return tensorStats(checkpoint, entryOf(checkpoint, item), { ...options, nm, transposed })
}

/** @throws EngineError 'bad-checkpoint' for a tensor that is not there. */
export function entryOf(checkpoint: Checkpoint, { name }: ScanItem): TensorEntry {
  const entry = checkpoint.tensors.get(name)
  if (entry) return entry
  throw new EngineError('bad-checkpoint', `${checkpoint.path} has no tensor ${name}`)
}

/** A tensor and the tasks that make it up. */
interface Scan {
  readonly entry: TensorEntry
  readonly tasks: readonly ScanTask[]
}

function usefulThreads(scans: readonly Scan[]): number {
  const bytes = scans.reduce((sum, { entry }) => sum + entry.bytes, 0)
  return Math.min(mostThreads, availableParallelism(), Math.floor(bytes / leastBytesPerThread))
}

/** Each thread gets its next task when it has finished one. All threads are terminated when the scan ends or fails. */
async function scanOnThreads(
  path: string,
  scans: readonly Scan[],
  threads: number,
  { signal, onBytes, onStats }: ScanOptions,
): Promise<void> {
  const workers: Worker[] = []
  const ended = new AbortController()
  const tasks = queueOf(scans, onStats)
  let next = 0
  let open = tasks.length
  const work = new Promise<void>((resolve, reject) => {
    const cancel = () => reject(new EngineError('cancelled', 'cancelled'))
    if (signal?.aborted) return cancel()
    signal?.addEventListener('abort', cancel, { signal: ended.signal })
    /** The task of each thread. */
    const given = new Map<Worker, QueuedTask>()
    const feed = (worker: Worker) => {
      if (next >= tasks.length) return
      given.set(worker, tasks[next])
      worker.postMessage(tasks[next++].task)
    }
    const receive = (worker: Worker, message: FromScan) => {
      if (ended.signal.aborted) return
      if (message.type === 'bytes') return onBytes?.(message.bytes)
      if (message.type === 'failed') return reject(new EngineError(message.code, message.message))
      given.get(worker)?.end(message.tally)
      if (--open === 0) resolve()
      else feed(worker)
    }
    for (let i = 0; i < threads; i++) {
      const workerData: ScanStart = { path }
      const worker = startWorker(import.meta.url, './scanWorker.ts', 'scanWorker', { workerData })
      workers.push(worker)
      worker.on('message', (message: FromScan) => receive(worker, message))
      worker.on('error', reject)
      worker.on('exit', () => reject(new EngineError('internal', 'a thread that scans has ended')))
      feed(worker)
    }
  })
  try {
    await work
  } finally {
    ended.abort()
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

interface QueuedTask {
  readonly task: ScanTask
  readonly end: (tally: TensorTally | null) => void
}

/** The tasks of all scans. A tensor is reported when the last of its parts is done. */
function queueOf(scans: readonly Scan[], onStats: ScanOptions['onStats']): QueuedTask[] {
  return scans.flatMap(({ entry, tasks }) => {
    const parts: (TensorTally | null)[] = []
    let missing = tasks.length
    return tasks.map((task, i) => ({
      task,
      end: (tally: TensorTally | null) => {
        parts[i] = tally
        if (--missing === 0) onStats(entry.name, statsOf(entry, parts))
      },
    }))
  })
}
