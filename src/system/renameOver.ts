// Renaming on Windows, where virus scanners and indexers hold a file that has just been written for a moment, and every
// renaming of it is refused meanwhile.
import { rename } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { errnoOf } from './diskErrors.ts'

const passing: ReadonlySet<string> = new Set(['EPERM', 'EACCES', 'EBUSY'])
/** Two seconds in all. */
const [attempts, pauseMs] = [20, 100]

/** What the system offers. */
interface Means {
  readonly platform: NodeJS.Platform
  readonly rename: (from: string, to: string) => Promise<void>
  readonly pause: () => Promise<unknown>
}

const own: Means = { platform: process.platform, rename, pause: () => sleep(pauseMs) }

/** Renames as `fs.rename` does; on Windows a refusal is tried again for two seconds before it is thrown. */
export async function renameOver(from: string, to: string, means: Means = own): Promise<void> {
  for (let left = means.platform === 'win32' ? attempts : 1; ; left--) {
    try {
      return await means.rename(from, to)
    } catch (error) {
      if (left === 1 || !passing.has(errnoOf(error))) throw error
      await means.pause()
    }
  }
}
