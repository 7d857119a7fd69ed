// Checkpoints that views have open: opened once, shared, closed when nobody asked for them for a while, and opened
// anew when a file changed on disk.
import { stat } from 'node:fs/promises'
import { openCheckpoint, type Checkpoint } from '../engine/checkpoint/checkpoint.ts'

interface Entry {
  checkpoint: Promise<Checkpoint>
  /** Sizes and times of the files when it was opened. */
  stamp: Promise<string>
  lastUsed: number
  users: number
}

const idleMs = 60_000

export interface OpenModels {
  /** Runs `work` with the checkpoint, which stays open meanwhile. */
  use<T>(path: string, work: (checkpoint: Checkpoint, stamp: string) => Promise<T>): Promise<T>
  /** Closes what nobody has used for a minute. */
  closeIdle(now: number): void
  closeAll(): Promise<void>
}

export function createOpenModels(): OpenModels {
  const entries = new Map<string, Entry>()

  async function current(path: string): Promise<Entry> {
    const known = entries.get(path)
    if (known && (await isCurrent(known))) return known
    if (known && known.users === 0) void close(known)
    const checkpoint = openCheckpoint(path)
    const entry: Entry = { checkpoint, stamp: checkpoint.then(stampOf), lastUsed: Date.now(), users: 0 }
    entries.set(path, entry)
    // A checkpoint that cannot be opened is not remembered: the file may be mended.
    checkpoint.catch(() => entries.delete(path))
    entry.stamp.catch(() => {})
    return entry
  }
  return {
    async use(path, work) {
      const entry = await current(path)
      entry.users++
      try {
        return await work(await entry.checkpoint, await entry.stamp)
      } finally {
        entry.users--
        entry.lastUsed = Date.now()
        if (entry.users === 0 && entries.get(path) !== entry) void close(entry)
      }
    },
    closeIdle(now) {
      for (const [path, entry] of entries) {
        if (entry.users > 0 || now - entry.lastUsed < idleMs) continue
        entries.delete(path)
        void close(entry)
      }
    },
    async closeAll() {
      const open = [...entries.values()]
      entries.clear()
      await Promise.all(open.map(close))
    },
  }
}

async function isCurrent(entry: Entry): Promise<boolean> {
  try {
    return (await stampOf(await entry.checkpoint)) === (await entry.stamp)
  } catch {
    return false
  }
}

/** Name, size and time of each file: what cached statistics are valid for. */
async function stampOf(checkpoint: Checkpoint): Promise<string> {
  const stats = await Promise.all(checkpoint.files.map((f) => stat(f.path)))
  return checkpoint.files.map((f, i) => `${f.name}:${stats[i].size}:${stats[i].mtimeMs}`).join('\n')
}

async function close(entry: Entry): Promise<void> {
  try {
    await (await entry.checkpoint).close()
  } catch {
    // It never opened.
  }
}
