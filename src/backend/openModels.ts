// Checkpoints that views have open: opened once, shared, closed after a minute without use, and opened again when a file has changed.
// Statistics are kept in memory and on disk.
import { hash } from 'node:crypto'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { SeenModel } from '../protocol/parameters.ts'
import type { Inspection } from '../engine/checkpoint/inspection.ts'
import { openInspection } from '../engine/checkpoint/checkpoint.ts'
import { underMaskOf } from '../engine/checkpoint/maskedCheckpoint.ts'
import type { TensorStats } from '../protocol/inspect.ts'
import { maskName } from '../catalog/formats/maskFile.ts'
import { renameOver } from '../system/atomicFile.ts'

export interface OpenModel extends Inspection {
  /** Names, sizes and times of its files when it was opened. */
  readonly stamp: string
  /** Statistics from scans of this session and of earlier ones. */
  readonly stats: Map<string, TensorStats>
}

interface Entry {
  model: Promise<OpenModel>
  lastUsed: number
  users: number
}

const idleMs = 60_000

/** `cache`: the statistics on disk, which outlive the process. */
export function createOpenModels(cache: () => StatsCache) {
  const entries = new Map<string, Entry>()

  async function current(seen: SeenModel): Promise<[key: string, Entry]> {
    const key = JSON.stringify([seen.path, seen.mask])
    const known = entries.get(key)
    if (known) {
      // Not closed as idle while its files are looked at.
      known.users++
      const stays = await isCurrent(known)
      known.users--
      if (stays) return [key, known]
    }
    if (known && known.users === 0) void close(known)
    const entry: Entry = { model: openModel(seen, cache()), lastUsed: Date.now(), users: 0 }
    entries.set(key, entry)
    // A checkpoint that cannot be opened is not remembered: the file may be fixed.
    entry.model.catch(() => {
      if (entries.get(key) === entry) entries.delete(key)
    })
    return [key, entry]
  }
  return {
    /** Runs `work` with the model, which stays open meanwhile. */
    async use<T>(seen: SeenModel, work: (model: OpenModel) => Promise<T>): Promise<T> {
      const [key, entry] = await current(seen)
      entry.users++
      try {
        return await work(await entry.model)
      } finally {
        entry.users--
        entry.lastUsed = Date.now()
        if (entry.users === 0 && entries.get(key) !== entry) void close(entry)
      }
    },
    /** Closes models that have not been used for a minute. */
    closeIdle(now: number) {
      for (const [key, entry] of entries) {
        if (entry.users > 0 || now - entry.lastUsed < idleMs) continue
        entries.delete(key)
        void close(entry)
      }
    },
  }
}

async function openModel({ path, mask }: SeenModel, cache: StatsCache): Promise<OpenModel> {
  const inspection = await openInspection(path)
  if (mask !== undefined) return openMasked(inspection, mask)
  const stamp = await stampOf(inspection.sources)
  const stats = await cache.read(path, stamp)
  return { ...inspection, stamp, stats: new Map(stats.map((s) => [s.name, s])) }
}

/** Opens a model under a mask, without cached statistics, which are those of the unmasked weights. */
async function openMasked(inspection: Inspection, mask: string): Promise<OpenModel> {
  try {
    const { checkpoint, sources } = await openInspection(mask)
    await checkpoint.close()
    const all = [...inspection.sources, ...sources, join(checkpoint.folder, maskName)]
    const masked = await underMaskOf(inspection.checkpoint, mask)
    return { ...inspection, checkpoint: masked, sources: all, stamp: await stampOf(all), stats: new Map() }
  } catch (error) {
    await inspection.checkpoint.close()
    throw error
  }
}

async function isCurrent(entry: Entry): Promise<boolean> {
  try {
    const { sources, stamp } = await entry.model
    return (await stampOf(sources)) === stamp
  } catch {
    return false
  }
}

/** Name, size and time of each file: what cached statistics are valid for. */
async function stampOf(sources: readonly string[]): Promise<string> {
  const facts = sources.map(async (path) => {
    const found = await stat(path).catch(() => null)
    return found ? `${basename(path)}:${found.size}:${found.mtimeMs}` : `${basename(path)}:missing`
  })
  return (await Promise.all(facts)).join('\n')
}

async function close(entry: Entry): Promise<void> {
  try {
    await (await entry.model).checkpoint.close()
  } catch {
    // It never opened.
  }
}

/** Increased when the meaning of the statistics changes. */
const version = 3

/**
 * Statistics on disk, valid while name, size and time of every file of the model are the same. Errors of the cache are ignored: the
 * scan runs again.
 */
export interface StatsCache {
  read(path: string, stamp: string): Promise<TensorStats[]>
  write(path: string, stamp: string, stats: readonly TensorStats[]): Promise<void>
}

export function createStatsCache(folder: string): StatsCache {
  const fileOf = (path: string) => join(folder, `${hash('sha256', path).slice(0, 32)}.json`)
  return {
    async read(path, stamp) {
      try {
        const kept = JSON.parse(await readFile(fileOf(path), 'utf8')) as {
          version: number
          stamp: string
          stats: TensorStats[]
        }
        return kept.version === version && kept.stamp === stamp ? kept.stats : []
      } catch {
        return []
      }
    },
    async write(path, stamp, stats) {
      try {
        await mkdir(folder, { recursive: true })
        const file = fileOf(path)
        const part = `${file}.${process.pid}`
        await writeFile(part, JSON.stringify({ version, stamp, stats }))
        await renameOver(part, file)
      } catch {
        // A full or read-only disk: the cache stays as it was.
      }
    },
  }
}
