// Statistics on disk, valid while name, size and time of every file of the model are the same. A cache may fail: then
// the scan is done again, and nobody is told.
import { sha256Of } from '../system/sha256.ts'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TensorStats } from '../protocol/inspect.ts'
import { renameOver } from '../system/renameOver.ts'

/** Raised when statistics mean something else than before. */
const version = 3

export interface StatsCache {
  read(path: string, stamp: string): Promise<TensorStats[]>
  write(path: string, stamp: string, stats: readonly TensorStats[]): Promise<void>
}

export function createStatsCache(folder: string): StatsCache {
  const fileOf = (path: string) => join(folder, `${sha256Of(path).slice(0, 32)}.json`)
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
