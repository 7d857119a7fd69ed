// Takes locks in a process of its own, by messages over IPC: `node --import tsx lockChild.ts`, forked.
import { lockRun, type LockTiming, newHolder, type RunLock } from '../../src/runs/lock/lock.ts'

export type ToLockChild =
  | { type: 'take'; folder: string; elsewhere?: boolean; quick?: boolean }
  | { type: 'release'; folder: string }
  /** Blocks the thread, as kernels do. */
  | { type: 'block'; ms: number }
  | { type: 'ask'; folder: string }

export type FromLockChild = { type: string; folder: string; message?: string; held?: boolean }

/** A clock ten times as fast, for tests in which a lock has to run out. */
const quick = { beatMs: 100, pollMs: 50, looks: 20, looksAtGone: 5 }
/** Fast enough for `npm test`, slow enough for a busy machine. */
export const brisk: LockTiming = { beatMs: 400, pollMs: 200, looks: 20, looksAtGone: 5 }
const usual = process.env.SPARSESCOPE_TORTURE === '1' ? undefined : brisk
const locks = new Map<string, RunLock>()
const say = (message: FromLockChild) => process.send?.(message)

process.on('message', async (message: ToLockChild) => {
  switch (message.type) {
    case 'take': {
      const { folder, elsewhere } = message
      // A holder in another container: its process id means nothing here.
      const describe = () => ({ ...newHolder(), ...(elsewhere && { pidSpace: 'pid:[elsewhere]', pid: 1 }) })
      try {
        const onWait = (text: string) => say({ type: 'waits', folder, message: text })
        const lock = await lockRun(folder, { describe, onWait, timing: message.quick ? quick : usual })
        locks.set(folder, lock)
        lock.lost.addEventListener('abort', () => say({ type: 'lost', folder }))
        say({ type: 'taken', folder })
      } catch (error) {
        const { code, message: text } = error as { code?: string; message: string }
        say({ type: code ?? 'broken', folder, message: text })
      }
      return
    }
    case 'release':
      await locks.get(message.folder)?.release()
      locks.delete(message.folder)
      return say({ type: 'released', folder: message.folder })
    case 'block':
      say({ type: 'blocks', folder: '' })
      setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, message.ms))
      return
    case 'ask':
      return say({ type: 'held', folder: message.folder, held: locks.get(message.folder)?.isHeld() ?? false })
  }
})
process.on('disconnect', () => process.exit())
say({ type: 'ready', folder: '' })
