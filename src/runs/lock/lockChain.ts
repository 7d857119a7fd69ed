// The files of a run's lock (lockText.ts). All calls are synchronous and short: they are also made by a
// heartbeat, which has nothing else to do, and where a run must know at once whether it still holds its folder.
import { closeSync, constants, fstatSync, linkSync, openSync, readdirSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import {
  encodeBeat,
  encodeLock,
  isLockRelative,
  lockName,
  maxLockBytes,
  successorName,
  type LockHolder,
} from './lockText.ts'
import { errnoOf } from '../../system/diskErrors.ts'
import { kindOf } from '../../system/ownFile.ts'
import { EngineError } from '../../errors.ts'
import { tokenOf } from './lockHolder.ts'

export interface LockLink {
  readonly name: string
  readonly token: string
  /** All of it, the number that changes too. */
  readonly text: string
}

const noFollow = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** The links from `lock` to its last successor, who is the holder; empty when nobody is. @throws EngineError 'usage', or the system's. */
export function readChain(folder: string): LockLink[] {
  const chain: LockLink[] = []
  const seen = new Set<string>()
  for (let name = lockName; ; name = successorName(chain[chain.length - 1].token)) {
    const text = readLock(join(folder, name))
    if (text === null) return chain
    const token = tokenOf(text)
    if (seen.has(token)) throw notALock(join(folder, name), 'a lock that names itself')
    seen.add(token)
    chain.push({ name, token, text })
  }
}

/** The file is opened each time: only then does a network file system look at the server. */
function readLock(path: string): string | null {
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | noFollow)
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'ENOENT') return null
    if (code === 'ELOOP' || code === 'EMLINK') throw notALock(path, 'a symbolic link')
    if (code === 'ENXIO') throw notALock(path, 'a socket or a pipe')
    throw error
  }
  try {
    const facts = fstatSync(file)
    if (!facts.isFile()) throw notALock(path, kindOf(facts))
    const buffer = Buffer.alloc(maxLockBytes)
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, maxLockBytes, 0))
  } finally {
    closeSync(file)
  }
}

function notALock(path: string, what: string): EngineError {
  return new EngineError(
    'usage',
    `${path} is ${what} where the lock of a run would be; remove it if no program uses this folder`,
  )
}

/**
 * Makes the lock or the successor's file of that name, whole at once. Returns whether it did; the caller still has to see
 * whether the chain ends there.
 */
export function addLink(folder: string, name: string, holder: LockHolder): boolean {
  const path = join(folder, name)
  const draft = join(folder, `${lockName}.new-${holder.token}`)
  try {
    write(draft, encodeLock(holder, 0))
    linkSync(draft, path)
    return true
  } catch (error) {
    const code = errnoOf(error)
    // Another process was faster, or has the folder and tidied it up.
    if (code === 'EEXIST' || (code === 'ENOENT' && exists(folder))) return false
    if (!withoutLinks.has(code)) throw error
    return makeInPlace(path, holder)
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Errors of file systems that know no hard links. */
const withoutLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL'])

/** Writes the lock in its place, for such file systems. It is seen for a moment without its text; its stand-in token is nobody's then. */
function makeInPlace(path: string, holder: LockHolder): boolean {
  try {
    write(path, encodeLock(holder, 0))
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
}

function write(path: string, text: string): void {
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | noFollow, 0o666)
  try {
    writeSync(file, text)
  } finally {
    closeSync(file)
  }
}

function exists(folder: string): boolean {
  try {
    readdirSync(folder)
    return true
  } catch {
    return false
  }
}

/** Whether the chain ends with this holder. */
export function holds(folder: string, { token }: LockHolder): boolean {
  return readChain(folder).at(-1)?.token === token
}

/** Changes the number of a lock that is still the holder's. Returns false when it is no longer. */
export function beat(folder: string, holder: LockHolder): boolean {
  const last = readChain(folder).at(-1)
  if (last?.token !== holder.token) return false
  const file = openSync(join(folder, last.name), constants.O_WRONLY | noFollow)
  try {
    const { text, at } = encodeBeat(holder, Date.now())
    writeSync(file, text, at)
    return true
  } finally {
    closeSync(file)
  }
}

/** Removes what processes left that were killed while they took or gave back a lock. Only the holder may. */
export function tidy(folder: string): void {
  // The order matters: what is in no chain after it was listed will never be in one.
  const names = readdirSync(folder).filter(isLockRelative)
  const used = new Set(readChain(folder).map(({ name }) => name))
  for (const name of names) if (!used.has(name)) remove(join(folder, name))
}

/**
 * Gives the lock back. The first file goes first: a process that is about to succeed somebody of this chain then finds that
 * its chain has no beginning.
 */
export function removeChain(folder: string, holder: LockHolder): void {
  const chain = readChain(folder)
  if (chain.at(-1)?.token !== holder.token) return
  for (const { name } of chain) remove(join(folder, name))
}

/** Takes back a link that turned out to hang in the air. One that others build on already stays: it is their beginning. */
export function withdraw(folder: string, name: string, { token }: LockHolder): void {
  if (readChain(folder).some((link) => link.token === token)) return
  const text = readLock(join(folder, name))
  if (text !== null && tokenOf(text) === token) remove(join(folder, name))
}

/** Removes a file, if it is there and can be removed. */
function remove(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    return
  }
}
