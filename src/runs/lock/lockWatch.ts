// Whether a process has a run, without taking its lock: this process, another of this machine, or one elsewhere. A lock says so by
// moving (lockText.ts).
import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readChain } from './lockChain.ts'
import { newHolder, seemsDead } from './lockHolder.ts'
import { beatMs, parseLock, type LockHolder } from './lockText.ts'

/** A lock that was changed so short a time ago is held. A busy machine leaves beats out. */
const freshMs = 5 * beatMs
/** A lock that does not move while it is looked at for so long is nobody's; timers may come a little early. */
export const stillMs = 2.5 * beatMs
const nearlyStillMs = stillMs - 50

/** Whether a process holds the lock of a run; may take `stillMs`. */
export async function isHeld(folder: string): Promise<boolean> {
  const watch = new LockWatch()
  const held = watch.isHeld(folder)
  if (held !== null) return held
  await sleep(stillMs)
  return watch.isHeld(folder) ?? true
}

/** The lock of a run that is looked at again and again: nothing waits. */
export class LockWatch {
  private last: { readonly text: string; readonly holder: LockHolder; readonly since: number } | null = null
  private here: LockHolder | null = null

  /** null: nobody knows before it has been looked at for `stillMs`. `changedMs`: when `lock` was changed, if the caller knows. */
  isHeld(folder: string, changedMs?: number): boolean | null {
    const before = this.last
    // A change of the chain's first lock, which has been seen to be a lock, shows that its holder lives.
    if (before && changedMs !== undefined && isFresh(changedMs)) return !this.isGone(before.holder)
    const [lock, now] = [lastLock(folder), performance.now()]
    if (!lock || this.isGone(lock.holder)) return this.forget()
    if (before?.text !== lock.text) this.last = { text: lock.text, holder: lock.holder, since: now }
    if (isFresh(lock.changedMs)) return true
    // The lock is nobody's, or of a machine with another clock.
    if (before === null) return null
    if (before.text !== lock.text) return true
    return now - before.since < nearlyStillMs ? null : false
  }

  /** There is no lock, so nobody holds it. */
  forget(): false {
    this.last = null
    return false
  }

  private isGone(holder: LockHolder): boolean {
    return seemsDead(holder, (this.here ??= newHolder()))
  }
}

function isFresh(changedMs: number): boolean {
  return Math.abs(Date.now() - changedMs) < freshMs
}

/** The holder's; null where there is none, or something else in its place. */
function lastLock(folder: string): { text: string; holder: LockHolder; changedMs: number } | null {
  try {
    const last = readChain(folder).at(-1)
    const holder = last ? parseLock(last.text) : null
    if (!last || !holder) return null
    return { text: last.text, holder, changedMs: lstatSync(join(folder, last.name)).mtimeMs }
  } catch {
    return null
  }
}
