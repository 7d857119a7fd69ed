// Whether a process has a run: this window's, another window's, a command line's, or one on another machine. Its lock says
// so by moving (shared/format/runLock.ts); only the engine ever takes or removes one.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openRunFile } from './runFiles.ts'
import { beatMs, lockName, maxLockBytes, parseLock, successorName } from '../../shared/format/runLock.ts'

interface Lock {
  text: string
  modified: number
}

export async function isHeld(folder: string): Promise<boolean> {
  const lock = await lastLock(folder)
  if (!lock) return false
  if (Math.abs(Date.now() - lock.modified) < 5 * beatMs) return true
  // Nobody's, or of a machine with another clock.
  await sleep(2.5 * beatMs)
  const later = await lastLock(folder)
  return later !== null && later.text !== lock.text
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
