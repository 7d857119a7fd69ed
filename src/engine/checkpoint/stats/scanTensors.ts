// Statistics of many tensors, on several threads where there is much to read: looking at every weight is work for the
// processor, not for the disk.
import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import type { TensorStats } from '../../../shared/protocol/inspect.ts'
import { breathe } from '../../breathe.ts'
import { EngineError } from '../../errors.ts'
import { startWorker } from '../../startWorker.ts'
import type { Checkpoint } from '../checkpoint.ts'
import type { FromScan, ScanItem, ScanStart } from './scanMessages.ts'
import { tensorStats, type StatsOptions } from './tensorStats.ts'

export interface ScanOptions extends Pick<StatsOptions, 'signal' | 'onBytes'> {
  /** Default: by what there is to read and how many cores there are. */
  readonly threads?: number
  /** As they get done, roughly in the order of the items; null for types that can only be listed. */
  readonly onStats: (name: string, stats: TensorStats | null) => void
}

/** Below this a thread takes longer to start than to do its share. */
const leastBytesPerThread = 64 * 2 ** 20
/** More would wait for memory, and leave nothing for whoever else computes here. */
const mostThreads = 8

/** @throws EngineError of the first tensor that fails, or 'cancelled'; what was done before has been reported. */
export async function scanTensors(
  checkpoint: Checkpoint,
  items: readonly ScanItem[],
  options: ScanOptions,
): Promise<void> {
  const threads = Math.min(items.length, options.threads ?? usefulThreads(checkpoint, items))
  if (threads > 1) return scanOnThreads(checkpoint.path, items, threads, options)
  for (const item of items) {
    await breathe(options.signal)
    options.onStats(item.name, await scanItem(checkpoint, item, options))
  }
}

/** null when the element type can only be listed. @throws EngineError as `tensorStats`. */
export async function scanItem(
  checkpoint: Checkpoint,
  { name, nm, transposed }: ScanItem,
  options: Pick<StatsOptions, 'signal' | 'onBytes'>,
): Promise<TensorStats | null> {
  const entry = checkpoint.tensors.get(name)
  if (!entry) throw new EngineError('bad-checkpoint', `${checkpoint.path} has no tensor ${name}`)
  return tensorStats(checkpoint, entry, { ...options, nm, transposed })
}

function usefulThreads({ tensors }: Checkpoint, items: readonly ScanItem[]): number {
  const bytes = items.reduce((sum, { name }) => sum + (tensors.get(name)?.bytes ?? 0), 0)
  return Math.min(mostThreads, availableParallelism(), Math.floor(bytes / leastBytesPerThread))
}

/** Each thread gets its next tensor when it has done one. Threads end with the scan, however that ends. */
async function scanOnThreads(
  path: string,
  items: readonly ScanItem[],
  threads: number,
  { signal, onBytes, onStats }: ScanOptions,
): Promise<void> {
  const workers: Worker[] = []
  const ended = new AbortController()
  let next = 0
  let open = items.length
  const work = new Promise<void>((resolve, reject) => {
    const cancel = () => reject(new EngineError('cancelled', 'cancelled'))
    if (signal?.aborted) return cancel()
    signal?.addEventListener('abort', cancel, { signal: ended.signal })
    const feed = (worker: Worker) => {
      if (next < items.length) worker.postMessage(items[next++])
    }
    const receive = (worker: Worker, message: FromScan) => {
      if (ended.signal.aborted) return
      if (message.type === 'bytes') return onBytes?.(message.bytes)
      if (message.type === 'failed') return reject(new EngineError(message.code, message.message))
      onStats(message.name, message.stats)
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
