// Lets one process at a time into a run folder: two would overwrite each other's state. The lock lives by a heartbeat,
// so it holds between containers and between machines that share a disk, and a killed process's lock runs out by
// itself. The files in the folder are described in lockText.ts.
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { beatMs, lockName, parseLock, successorName, type LockHolder } from './lockText.ts'
import { writeError } from '../../system/diskErrors.ts'
import { EngineError, throwIfCancelled } from '../../errors.ts'
import { startWorker } from '../../system/startWorker.ts'
import type { BeatStart } from './lockBeat.ts'
import { addLink, beat, holds, readChain, removeChain, tidy, withdraw, type LockLink } from './lockChain.ts'
import { describeHolder, newHolder, seemsDead } from './lockHolder.ts'
import { lockState, lockStateBytes } from './lockState.ts'

export interface RunLock {
  /** Fires when another process has the folder: this one stood still for so long that it looked dead. */
  readonly lost: AbortSignal
  /** Looks at the disk where the last heartbeat is too long ago to be sure. Cheap enough to ask before each write. */
  isHeld(): boolean
  /** Removes the lock. A lost lock is left alone: it is another's by now. */
  release(): Promise<void>
}

export interface LockTiming {
  readonly beatMs: number
  /** A lock is looked at this often … */
  readonly pollMs: number
  /** … and its holder is dead when the lock stood still at so many looks; fewer where the process seems to be gone. */
  readonly looks: number
  readonly looksAtGone: number
}

/** 10 seconds, or 2.5: looks are counted, not seconds, so that a machine that slept does not take its neighbour's lock. */
const usual: LockTiming = { beatMs, pollMs: 500, looks: 20, looksAtGone: 5 }

export interface LockOptions {
  readonly signal?: AbortSignal
  /** Called when taking the lock takes a while. */
  readonly onWait?: (message: string) => void
  readonly timing?: LockTiming
  /** Describes this process; tests replace it. */
  readonly describe?: () => LockHolder
}

/**
 * Takes the lock of a folder that is there. A living holder refuses at once; a dead one's lock is waited for and taken.
 * @throws EngineError 'exists' when it is in use, 'usage' when something else is in its place, 'cancelled', 'disk'.
 */
export async function lockRun(folder: string, options: LockOptions = {}): Promise<RunLock> {
  const { signal, timing = usual, describe = newHolder } = options
  for (;;) {
    throwIfCancelled(signal)
    const me = describe()
    const taken = await orSay(folder, async () => {
      const last = readChain(folder).at(-1)
      if (last && !(await standsStill(folder, last, me, timing, options))) return false
      const name = last ? successorName(last.token) : lockName
      if (!addLink(folder, name, me)) return false
      if (holds(folder, me)) return true
      withdraw(folder, name, me)
      return false
    })
    if (taken) return keep(folder, me, timing)
    await sleep(Math.random() * 20)
  }
}

/**
 * Locks a folder that nobody else knows yet, and returns what keeps the lock once the folder has its name: a new run is
 * never seen without one.
 */
export function lockDraft(folder: string): (named: string) => Promise<RunLock> {
  const me = newHolder()
  try {
    addLink(folder, lockName, me)
  } catch (error) {
    throw writeError(error, join(folder, lockName))
  }
  return async (named) => {
    const lock = await keep(named, me, usual)
    if (lock.isHeld() && holdsQuietly(named, me)) return lock
    await lock.release()
    throw new EngineError('exists', `${named} was taken by another process; wait until it ends`)
  }
}

/** Whether the holder is dead. @throws EngineError 'exists' when it shows a sign of life. False: look again, it is another. */
async function standsStill(
  folder: string,
  last: LockLink,
  me: LockHolder,
  timing: LockTiming,
  { signal, onWait }: LockOptions,
): Promise<boolean> {
  const holder = parseLock(last.text)
  const looks = holder && seemsDead(holder, me) ? timing.looksAtGone : timing.looks
  for (let look = 1; look <= looks; look++) {
    await sleep(timing.pollMs, undefined, { signal }).catch(() => throwIfCancelled(signal))
    const now = readChain(folder).at(-1)
    if (now?.token !== last.token) return false
    if (now.text !== last.text)
      throw new EngineError('exists', `${folder} is in use by ${describeHolder(holder, me)}; wait until it ends`)
    if (look * timing.pollMs > 1.5 * timing.beatMs && (look - 1) * timing.pollMs <= 1.5 * timing.beatMs) {
      const seconds = Math.ceil(((looks - look) * timing.pollMs) / 1000)
      onWait?.(
        `${describeHolder(holder, me)} had this run and does not move: taking over in ${seconds} s unless it does`,
      )
    }
  }
  return true
}

async function keep(folder: string, holder: LockHolder, timing: LockTiming): Promise<RunLock> {
  const shared = new SharedArrayBuffer(lockStateBytes)
  const state = lockState(shared)
  state.beaten()
  const lost = new AbortController()
  const lose = () => {
    if (state.lose()) lost.abort()
  }
  const removeAtExit = () => {
    if (!state.isHeld()) return
    state.giveBack()
    removeQuietly(folder, holder)
  }
  process.once('exit', removeAtExit)
  const release = async () => {
    process.off('exit', removeAtExit)
    removeAtExit()
    await worker.terminate()
  }
  const workerData: BeatStart = { folder, holder, everyMs: timing.beatMs, shared }
  const worker = startWorker(import.meta.url, './lockBeat.ts', 'lockBeat', { workerData })
  worker.on('message', (message) => {
    if (message === 'lost') lost.abort()
  })
  try {
    await ready(worker, () => beat(folder, holder), timing.beatMs)
    tidy(folder)
  } catch (error) {
    await release()
    throw writeError(error, join(folder, lockName))
  }
  worker.on('error', lose)
  worker.unref()
  if (!state.isHeld()) {
    await release()
    throw new EngineError('exists', `${folder} was taken over by another process; wait until it ends`)
  }
  return {
    lost: lost.signal,
    isHeld() {
      if (state.isHeld() && state.msSinceBeat() > 3 * timing.beatMs && !holdsQuietly(folder, holder)) lose()
      return state.isHeld()
    },
    release,
  }
}

/**
 * The thread of the heartbeat must be up before the run may block its own. On a busy machine that takes longer than a
 * lock may stand still, so until then this thread beats.
 */
async function ready(worker: Worker, beatHere: () => void, everyMs: number): Promise<void> {
  const timer = setInterval(() => {
    try {
      beatHere()
    } catch {
      return
    }
  }, everyMs)
  try {
    await once(worker, 'message')
  } finally {
    clearInterval(timer)
  }
}

/** A disk that cannot be read says nothing about who holds the lock. */
function holdsQuietly(folder: string, holder: LockHolder): boolean {
  try {
    return holds(folder, holder)
  } catch {
    return true
  }
}

function removeQuietly(folder: string, holder: LockHolder): void {
  try {
    removeChain(folder, holder)
  } catch {
    return
  }
}

async function orSay<T>(folder: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    throw writeError(error, join(folder, lockName))
  }
}
