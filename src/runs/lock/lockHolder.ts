// Who holds a lock, and what can be told of a holder without waiting.
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { errnoOf } from '../../system/diskErrors.ts'
import { parseLock, type LockHolder } from './lockText.ts'

/** This process, with a new token. */
export function newHolder(): LockHolder {
  return {
    token: randomBytes(16).toString('hex'),
    pid: process.pid,
    host: hostname().slice(0, 256),
    boot: told(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidSpace: told(() => readlinkSync('/proc/self/ns/pid')),
  }
}

function told(read: () => string): string | null {
  try {
    return read().slice(0, 256)
  } catch {
    return null
  }
}

/** The token of a lock; of one that this program did not write, or not to its end, what stands in for it. */
export function tokenOf(text: string): string {
  return parseLock(text)?.token ?? createHash('sha256').update(text).digest('hex').slice(0, 32)
}

/**
 * Whether the process is gone, as far as this one can see. A hint that shortens waiting, no proof: two machines may have
 * been cloned from one while it ran.
 */
export function seemsDead({ pid, host, boot, pidSpace }: LockHolder, here: LockHolder): boolean {
  if (host !== here.host || boot !== here.boot || pidSpace !== here.pidSpace) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return errnoOf(error) === 'ESRCH'
  }
}

/** Describes a holder for sentences. A lock's text is shown on a terminal, so only plain characters of it are used. */
export function describeHolder(holder: LockHolder | null, here: LockHolder): string {
  if (!holder) return 'another process'
  const where = holder.host === here.host ? '' : ` on ${holder.host.replace(/[^\w.-]/g, '?')}`
  return `process ${holder.pid}${where}`
}
