// Whether a process has a run: this window's, another window's, a command line's, or one on another machine. Its lock says
// so by moving (lockText.ts); only the engine ever takes or removes one.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openRunFile } from './runFiles.ts'
import { beatMs, lockName, maxLockBytes, parseLock, successorName } from '../../runs/lock/lockText.ts'

interface Lock {
  text: string
  modified: number
}

/** What does not move for so long is nobody's. */
export const stillMs = 2.5 * beatMs

/** Of one run; may take `stillMs`. */
export async function isHeld(folder: string): Promise<boolean> {
  const watch = new LockWatch()
  const held = await watch.isHeld(folder)
  if (held !== null) return held
  await sleep(stillMs)
  return (await watch.isHeld(folder)) ?? true
}

/** The lock of a run that is looked at again and again: nothing waits. */
export class LockWatch {
  private last: { readonly text: string; readonly since: number } | null = null

  /** null: nobody knows before it has been looked at for `stillMs`. `changedMs`: when `lock` was changed, if the caller knows. */
  async isHeld(folder: string, changedMs?: number): Promise<boolean | null> {
    const before = this.last
    // Whoever moves the first lock of the chain has the run, and that it is a lock has been seen.
    if (before && changedMs !== undefined && isFresh(changedMs)) return true
    const [lock, now] = [await lastLock(folder), performance.now()]
    if (!lock) {
      this.last = null
      return false
    }
    if (before?.text !== lock.text) this.last = { text: lock.text, since: now }
    if (isFresh(lock.modified)) return true
    // Nobody's, or of a machine with another clock.
    if (before === null) return null
    if (before.text !== lock.text) return true
    return now - before.since < stillMs ? null : false
  }
}

function isFresh(changedMs: number): boolean {
  return Math.abs(Date.now() - changedMs) < 5 * beatMs
}

/** The holder's, if it looks like one: each lock may have been succeeded. */
async function lastLock(folder: string): Promise<Lock | null> {
  const seen = new Set<string>()
  let last: Lock | null = null
  for (let name = lockName; !seen.has(name);) {
    seen.add(name)
    const lock = await readLock(join(folder, name)).catch(() => null)
    const holder = lock && parseLock(lock.text)
    if (!holder) return last
    last = lock
    name = successorName(holder.token)
  }
  return null
}

async function readLock(path: string): Promise<Lock | null> {
  const file = await openRunFile(path)
  try {
    const facts = await file.stat()
    const { buffer, bytesRead } = await file.read(Buffer.alloc(maxLockBytes), 0, maxLockBytes, 0)
    return { text: buffer.toString('utf8', 0, bytesRead), modified: facts.mtimeMs }
  } finally {
    await file.close()
  }
}
