// Lets one process at a time into a run folder: two would overwrite each other's state.
//
// The file `lock` has a line that says who made it, with a token nobody else has, and a number that its maker changes every second, in
// a thread (lockThread.ts). A process that sees the number unchanged for long enough may take over: it makes the file `lock.<token>`,
// named by the holder's token, with a token of its own. Every holder has one successor at most, and the end of this chain is the holder.
// So a lock works between containers and between machines that share a disk, and the lock of a killed process expires by itself. Clocks
// of two machines are never compared. Process ids are hints: they mean nothing on another machine or in another container.
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EngineError, throwIfCancelled } from '../../errors.ts'
import { fields, orNull, type Check, type Checked } from '../../catalog/formats/checks.ts'
import { attempt, errnoOf, writeError } from '../../system/diskErrors.ts'
import { kindOf } from '../../system/ownFile.ts'
import { startWorker } from '../../system/startWorker.ts'

export const lockName = 'lock'
/** The number is changed this often. */
export const beatMs = 1000
/** A watched lock without a beat for this long has no holder. */
export const stillMs = 2.5 * beatMs
/** No lock is larger; more is not read. */
const maxLockBytes = 4096
const digits = 12
const noFollow = (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0)
/** Errors of file systems that know no hard links. */
const withoutLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL'])

/** 128 random bits in hexadecimal. */
const token: Check<string> = (value): value is string => typeof value === 'string' && /^[0-9a-f]{32}$/.test(value)
const pid: Check<number> = (value): value is number => Number.isSafeInteger(value) && Number(value) > 0
const named: Check<string> = (value): value is string => typeof value === 'string' && value.length <= 256
/** `boot`: id of this start of the system; `pidSpace`: namespace of `pid`; null if the system does not report it. */
const isHolder = fields({ token, pid, host: named, boot: orNull(named), pidSpace: orNull(named) })
export type LockHolder = Readonly<Checked<typeof isHolder>>

/** This process, with a new token. */
export function newHolder(): LockHolder {
  const told = (read: () => string) => attempt(null, () => read().slice(0, 256))
  return {
    token: randomBytes(16).toString('hex'),
    pid: process.pid,
    host: hostname().slice(0, 256),
    boot: told(() => fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidSpace: told(() => fs.readlinkSync('/proc/self/ns/pid')),
  }
}

/** The two lines of a lock. The second always has the same length: it is overwritten in place. */
export function encodeLock(holder: LockHolder, number: number): string {
  return `${JSON.stringify(holder)}\n${String(number % 10 ** digits).padStart(digits, '0')}\n`
}

/** The holder that a lock's text names; null if the text is not that of a lock of this program. */
export function parseLock(text: string): LockHolder | null {
  const given: unknown = attempt(null, () => JSON.parse(text.slice(0, text.indexOf('\n'))) as unknown)
  return isHolder(given) ? given : null
}

interface Link {
  readonly name: string
  /** For a text that is not a whole lock of this program: its hash, which is no process's token. */
  readonly token: string
  /** With the number that changes. */
  readonly text: string
}

/** The links from `lock` to its last successor, who is the holder; empty without one. @throws EngineError 'usage', or the system's. */
function readChain(folder: string): Link[] {
  const chain = new Map<string, Link>()
  for (let link = readLink(folder, lockName); link; link = readLink(folder, `${lockName}.${link.token}`)) {
    if (chain.has(link.token)) throw notALock(join(folder, link.name), 'a lock that names itself')
    chain.set(link.token, link)
  }
  return [...chain.values()]
}

/** The file is opened each time: only then does a network file system ask the server. */
function readLink(folder: string, name: string): Link | null {
  const path = join(folder, name)
  let file: number
  try {
    file = fs.openSync(path, fs.constants.O_RDONLY | noFollow)
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'ENOENT') return null
    const what = { ELOOP: 'a symbolic link', EMLINK: 'a symbolic link', ENXIO: 'a socket or a pipe' }[code]
    throw what === undefined ? error : notALock(path, what)
  }
  try {
    const facts = fs.fstatSync(file)
    if (!facts.isFile()) throw notALock(path, kindOf(facts))
    const buffer = Buffer.alloc(maxLockBytes)
    const text = buffer.toString('utf8', 0, fs.readSync(file, buffer, 0, maxLockBytes, 0))
    const own = parseLock(text)?.token
    return { name, text, token: own ?? createHash('sha256').update(text).digest('hex').slice(0, 32) }
  } finally {
    fs.closeSync(file)
  }
}

function notALock(path: string, what: string): EngineError {
  const place = 'where the lock of a run would be; remove it if no program uses this folder'
  return new EngineError('usage', `${path} is ${what} ${place}`)
}

/** Creates the file atomically. Returns whether it did. The caller must still check that the chain ends with this file. */
function addLink(folder: string, name: string, holder: LockHolder): boolean {
  const [path, draft] = [join(folder, name), join(folder, `${lockName}.new-${holder.token}`)]
  const write = (to: string) => fs.writeFileSync(to, encodeLock(holder, 0), { flag: 'wx' })
  try {
    write(draft)
    try {
      fs.linkSync(draft, path)
    } catch (error) {
      if (!withoutLinks.has(errnoOf(error))) throw error
      // For a moment the file is seen without its text; its token then has no holder.
      write(path)
    }
    return true
  } catch (error) {
    const code = errnoOf(error)
    // Another process was faster, or holds the folder and tidied it up.
    if (code === 'EEXIST' || (code === 'ENOENT' && fs.existsSync(folder))) return false
    throw error
  } finally {
    fs.rmSync(draft, { force: true })
  }
}

/** Changes the number of the holder's lock. Returns false if the lock has another holder by now. */
export function beat(folder: string, holder: LockHolder): boolean {
  const last = readChain(folder).at(-1)
  if (last?.token !== holder.token) return false
  const file = fs.openSync(join(folder, last.name), fs.constants.O_WRONLY | noFollow)
  try {
    const bytes = Buffer.from(encodeLock(holder, Date.now()))
    const at = bytes.length - digits - 1
    fs.writeSync(file, bytes, at, digits + 1, at)
    return true
  } finally {
    fs.closeSync(file)
  }
}

/** Removes files of processes that were killed while they took or released a lock. Only the holder may call this. */
function tidy(folder: string): void {
  // Successors, and drafts that were never linked. A file that is in no chain after it was listed will never be in one.
  const names = fs.readdirSync(folder).filter((name) => /^lock\.(new-)?[0-9a-f]{32}$/.test(name))
  const used = new Set(readChain(folder).map(({ name }) => name))
  for (const name of names) if (!used.has(name)) remove(folder, name)
}

/** Releases the lock. Its first file is removed first: a process that is about to take over then finds that its chain has no beginning. */
function removeChain(folder: string, holder: LockHolder): void {
  const chain = readChain(folder)
  if (chain.at(-1)?.token === holder.token) for (const { name } of chain) remove(folder, name)
}

/** Removes this process's link if it is in no chain. A link in the chain stays, since successors may build on it. */
function withdraw(folder: string, name: string, { token: own }: LockHolder): void {
  if (readChain(folder).some((link) => link.token === own)) return
  if (readLink(folder, name)?.token === own) remove(folder, name)
}

const remove = (folder: string, name: string) =>
  attempt(undefined, () => fs.rmSync(join(folder, name), { force: true }))

/** Whether the chain ends with this holder. Also true where the disk cannot be read, since that does not prove the opposite. */
function mayHold(folder: string, holder: LockHolder): boolean {
  return attempt(true, () => readChain(folder).at(-1)?.token === holder.token)
}

/** Whether its process seems gone. A hint that shortens waiting, no proof: two machines may be clones of one that was running. */
function seemsDead(holder: LockHolder, here: LockHolder): boolean {
  if (holder.host !== here.host || holder.boot !== here.boot || holder.pidSpace !== here.pidSpace) return false
  try {
    process.kill(holder.pid, 0)
    return false
  } catch (error) {
    return errnoOf(error) === 'ESRCH'
  }
}

export interface RunLock {
  /** Fires when another process has taken over the folder, because this one was suspended for so long that it looked dead. */
  readonly lost: AbortSignal
  /** Reads the disk only if the last heartbeat is too long ago to be sure. Cheap enough to call before each write. */
  isHeld(): boolean
  /** Removes the lock. A lost lock is left alone: it is another's by now. */
  release(): Promise<void>
}

export interface LockTiming {
  readonly beatMs: number
  /** Interval between two looks at a lock. */
  readonly pollMs: number
  /** Looks without a beat after which the holder counts as dead. `looksAtGone`: the same if its process seems gone. */
  readonly looks: number
  readonly looksAtGone: number
}

/** 10 s, or 2.5 s if the process seems gone. Looks are counted, not seconds: a machine that slept must not take over a living lock. */
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
 * Takes the lock of an existing folder. Fails as soon as its holder shows a sign of life; waits for a dead holder's lock to expire.
 * @throws EngineError 'exists' when it is in use, 'usage' when something else is in its place, 'cancelled', 'disk'.
 */
export async function lockRun(folder: string, options: LockOptions = {}): Promise<RunLock> {
  const { signal, timing = usual, describe = newHolder } = options
  for (;;) {
    throwIfCancelled(signal)
    const me = describe()
    try {
      const last = readChain(folder).at(-1)
      if (!last || (await expires(folder, last, me, timing, options))) {
        const name = last ? `${lockName}.${last.token}` : lockName
        if (addLink(folder, name, me)) {
          if (readChain(folder).at(-1)?.token === me.token) return await keep(folder, me, timing)
          withdraw(folder, name, me)
        }
      }
    } catch (error) {
      throw writeError(error, join(folder, lockName))
    }
    await sleep(Math.random() * 20)
  }
}

/**
 * Locks a folder that no other process knows yet, and returns what keeps the lock once the folder has its name: a new run is
 * never seen without one.
 */
export function lockDraft(folder: string): (finalPath: string) => Promise<RunLock> {
  const me = newHolder()
  try {
    addLink(folder, lockName, me)
  } catch (error) {
    throw writeError(error, join(folder, lockName))
  }
  return async (finalPath) => {
    const lock = await keep(finalPath, me, usual)
    if (lock.isHeld() && mayHold(finalPath, me)) return lock
    await lock.release()
    throw new EngineError('exists', `${finalPath} was taken by another process; wait until it ends`)
  }
}

/** Whether the holder is dead. False: the holder has changed, so look again. @throws EngineError 'exists' when it shows a sign of life. */
async function expires(
  folder: string,
  last: Link,
  me: LockHolder,
  timing: LockTiming,
  { signal, onWait }: LockOptions,
): Promise<boolean> {
  const holder = parseLock(last.text)
  // The lock is not trusted: only its plain characters are printed.
  const where = !holder || holder.host === me.host ? '' : ` on ${holder.host.replace(/[^\w.-]/g, '?')}`
  const who = holder ? `process ${holder.pid}${where}` : 'another process'
  const looks = holder && seemsDead(holder, me) ? timing.looksAtGone : timing.looks
  for (let look = 1; look <= looks; look++) {
    await sleep(timing.pollMs, undefined, { signal }).catch(() => throwIfCancelled(signal))
    const now = readChain(folder).at(-1)
    if (now?.token !== last.token) return false
    if (now.text !== last.text) throw new EngineError('exists', `${folder} is in use by ${who}; wait until it ends`)
    if (look !== Math.floor((1.5 * timing.beatMs) / timing.pollMs) + 1) continue
    const seconds = Math.ceil(((looks - look) * timing.pollMs) / 1000)
    onWait?.(`${who} has this run and shows no activity: taking over in ${seconds} s unless it does`)
  }
  return true
}

/** Shared with the thread: whether the lock is held, and the time of the last beat by the wall clock, which continues during sleep. */
export type BeatState = BigInt64Array<SharedArrayBuffer>
const [held, givenBack, lostIt] = [0n, 1n, 2n]

/** Marks a held lock as lost. Returns false if it was released before, which is not an error. */
export function lose(state: BeatState): boolean {
  return Atomics.compareExchange(state, 0, held, lostIt) === held
}

export const noteBeat = (state: BeatState) => void Atomics.store(state, 1, BigInt(Date.now()))

export interface BeatStart {
  readonly folder: string
  readonly holder: LockHolder
  readonly everyMs: number
  readonly state: BeatState
}

/** Keeps a lock that this process has taken: starts its heartbeat. */
async function keep(folder: string, holder: LockHolder, timing: LockTiming): Promise<RunLock> {
  const state: BeatState = new BigInt64Array(new SharedArrayBuffer(16))
  noteBeat(state)
  const lost = new AbortController()
  const fail = () => void (lose(state) && lost.abort())
  const removeAtExit = () => {
    const isOurs = Atomics.compareExchange(state, 0, held, givenBack) === held
    if (isOurs) attempt(undefined, () => removeChain(folder, holder))
  }
  process.once('exit', removeAtExit)
  const release = async () => {
    process.off('exit', removeAtExit)
    removeAtExit()
    await worker.terminate()
  }
  const isHeld = () => Atomics.load(state, 0) === held
  const workerData: BeatStart = { folder, holder, everyMs: timing.beatMs, state }
  const worker = startWorker(import.meta.url, './lockThread.ts', 'lockThread', { workerData })
  worker.on('message', (message) => message === 'lost' && lost.abort())
  // The run may block this thread only once the worker beats. Until then, which may take long on a busy machine, this timer beats.
  const timer = setInterval(() => attempt(false, () => beat(folder, holder)), timing.beatMs)
  try {
    await once(worker, 'message')
    tidy(folder)
  } catch (error) {
    await release()
    throw writeError(error, join(folder, lockName))
  } finally {
    clearInterval(timer)
  }
  worker.on('error', fail)
  worker.unref()
  if (!isHeld()) {
    await release()
    throw new EngineError('exists', `${folder} was taken over by another process; wait until it ends`)
  }
  return {
    lost: lost.signal,
    isHeld() {
      const msSinceBeat = Math.abs(Date.now() - Number(Atomics.load(state, 1)))
      if (isHeld() && msSinceBeat > 3 * timing.beatMs && !mayHold(folder, holder)) fail()
      return isHeld()
    },
    release,
  }
}

/** Whether a process holds the lock of a run. Does not take the lock, and may wait for `stillMs`. */
export async function isHeld(folder: string): Promise<boolean> {
  const watch = new LockWatch()
  return watch.isHeld(folder) ?? sleep(stillMs).then(() => watch.isHeld(folder) ?? true)
}

/** A lock that was changed within the last five beats is held: a busy machine skips beats. */
const isFresh = (changedMs: number) => Math.abs(Date.now() - changedMs) < 5 * beatMs

/** Watches the lock of a run over repeated calls, none of which waits. */
export class LockWatch {
  private last: { readonly text: string; readonly holder: LockHolder; readonly since: number } | null = null
  private static readonly here = newHolder()

  /** null: unknown until it has been watched for `stillMs`. `changedMs`: when `lock` was changed, if the caller knows. */
  isHeld(folder: string, changedMs?: number): boolean | null {
    const before = this.last
    // A change of the chain's first lock, which has been seen to be a lock, shows that its holder lives.
    if (before && changedMs !== undefined && isFresh(changedMs)) return !seemsDead(before.holder, LockWatch.here)
    const link = attempt(null, () => readChain(folder).at(-1) ?? null)
    const holder = link && parseLock(link.text)
    const changed = link && attempt(null, () => fs.lstatSync(join(folder, link.name)).mtimeMs)
    if (!holder || changed === null || seemsDead(holder, LockWatch.here)) return this.forget()
    if (before?.text !== link.text) this.last = { text: link.text, holder, since: performance.now() }
    if (isFresh(changed)) return true
    // The lock has no holder, or its machine has another clock.
    if (before === null) return null
    if (before.text !== link.text) return true
    // Timers may fire a little early.
    return performance.now() - before.since < stillMs - 50 ? null : false
  }

  /** Forgets what was seen, since there is no lock. */
  forget(): false {
    this.last = null
    return false
  }
}
