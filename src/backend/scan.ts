// Statistics of all tensors of a model. The matrices of the blocks come first, because the map shows them.
import type { Checkpoint } from '../engine/checkpoint/checkpoint.ts'
import { requireNm } from '../engine/checkpoint/stats/nmCounter.ts'
import { type ScanItem, scanItem, scanTensors } from '../engine/checkpoint/stats/scanTensors.ts'
import { EngineError } from '../engine/errors.ts'
import { tensorRoles, type TensorRole } from '../catalog/families/tensorRoles.ts'
import type { ScanProgress, ScanResult, TensorStats } from '../protocol/inspect.ts'
import type { OpenModel, StatsCache } from './openModels.ts'

const patterns = ['2:4', '4:8'].map(requireNm)
/** Least time between two progress messages: frequent enough for a live display, at no noticeable cost. */
const everyMs = 100

export interface ScanOptions {
  path: string
  cache: StatsCache
  signal: AbortSignal
  onProgress: (progress: ScanProgress) => void
}

/** Computes statistics missing in `stats`. After a cancellation the statistics so far are kept, and the result is partial. */
export async function scanModel(model: OpenModel, options: ScanOptions): Promise<ScanResult> {
  const { checkpoint, stamp, stats: known } = model
  const { cache, path } = options
  const report = createReporter(checkpoint, options)
  for (const name of known.keys()) report.countDone(name)
  report.flush()
  let skipped = model.unknown.length
  let partial = false
  try {
    const items = scanOrder(checkpoint).filter(({ name }) => !known.has(name))
    await scanTensors(checkpoint, items, {
      signal: options.signal,
      onStats: (name, stats) => {
        if (stats) {
          known.set(name, stats)
          report.found(stats)
        } else skipped++
      },
    })
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'cancelled') throw error
    partial = true
  }
  report.flush()
  await cache.write(path, stamp, [...known.values()])
  return { scanned: known.size, skipped, partial }
}

/** null when the tensor's type can be listed but not read. */
export async function statsOf(checkpoint: Checkpoint, name: string, signal: AbortSignal): Promise<TensorStats | null> {
  const shape = checkpoint.tensors.get(name)?.shape ?? []
  const role = tensorRoles(checkpoint.config, checkpoint.tensors).of(name, shape)
  return scanItem(checkpoint, itemOf(name, role), { signal })
}

function itemOf(name: string, { role, transposed }: Pick<TensorRole, 'role' | 'transposed'>): ScanItem {
  return { name, nm: role === 'linear' ? patterns : [], transposed }
}

/** Block after block in the order of the file, then the rest. */
function scanOrder(checkpoint: Checkpoint): ScanItem[] {
  const roles = tensorRoles(checkpoint.config, checkpoint.tensors)
  const first: { item: ScanItem; block: number }[] = []
  const rest: ScanItem[] = []
  for (const { name, shape } of checkpoint.tensors.values()) {
    const role = roles.of(name, shape)
    const item = itemOf(name, role)
    if (role.role === 'linear' && role.block !== null) first.push({ item, block: role.block })
    else rest.push(item)
  }
  first.sort((a, b) => a.block - b.block)
  return [...first.map(({ item }) => item), ...rest]
}

function createReporter(checkpoint: Checkpoint, { onProgress }: ScanOptions) {
  const begun = performance.now()
  const totalBytes = [...checkpoint.tensors.values()].reduce((sum, t) => sum + t.bytes, 0)
  let doneBytes = 0
  let pending: TensorStats[] = []
  let last = -Infinity
  const flush = () => {
    const elapsedMs = performance.now() - begun
    onProgress({ stats: pending, doneBytes, totalBytes, elapsedMs })
    pending = []
    last = elapsedMs
  }
  const countDone = (name: string) => (doneBytes += checkpoint.tensors.get(name)?.bytes ?? 0)
  return {
    flush,
    countDone,
    found(stats: TensorStats) {
      pending.push(stats)
      countDone(stats.name)
      if (performance.now() - begun - last > everyMs) flush()
    },
  }
}
