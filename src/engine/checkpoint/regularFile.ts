// Opens files that a person, a recipe or a checkpoint names. Opening a named pipe waits for a writer that may never come, and
// no signal ends that wait; devices and sockets have no end. Every file that is read is opened here.
import { constants, type Stats } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { isRecord } from '../../catalog/formats/json.ts'
import { EngineError, type ErrorCode, messageOf } from '../errors.ts'
import { readError } from '../../system/diskErrors.ts'
import { kindOf } from '../../system/ownFile.ts'

/** Windows has neither the flag nor such pipes among its files. */
const readOnly = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/** A handle on a regular file, links followed. @throws EngineError 'not-found', 'disk', or `code` for anything else. */
export async function openRegular(path: string, code: ErrorCode = 'bad-checkpoint'): Promise<FileHandle> {
  try {
    // This comes before opening, which alone makes some devices act.
    refuseOther(await stat(path), path, code)
    const handle = await open(path, readOnly)
    try {
      refuseOther(await handle.stat(), path, code)
      return handle
    } catch (error) {
      await handle.close()
      throw error
    }
  } catch (error) {
    throw readError(error, path)
  }
}

/** All bytes of a regular file of at most `maxBytes`, whatever it grows to meanwhile. @throws EngineError as `openRegular`. */
export async function readRegular(path: string, maxBytes: number, code?: ErrorCode): Promise<Buffer> {
  const handle = await openRegular(path, code)
  try {
    const { size } = await handle.stat()
    if (size > maxBytes)
      throw new EngineError(
        code ?? 'bad-checkpoint',
        `${path} has ${size} bytes, more than such a file ever has (${maxBytes}); check the path or get it again`,
      )
    const bytes = Buffer.allocUnsafe(size)
    return bytes.subarray(0, await readAll(handle, bytes, 0))
  } catch (error) {
    throw readError(error, path)
  } finally {
    await handle.close()
  }
}

/** Most bytes of one read: Node ends the process at 2 GiB. */
export const mostAtOnce = 2 ** 30

/** Fills `target` from byte `start` of a file; returns the bytes that were read, fewer where the file ends. */
export async function readAll(handle: FileHandle, target: Uint8Array, start: number): Promise<number> {
  let done = 0
  while (done < target.length) {
    const { bytesRead } = await handle.read(target, done, Math.min(mostAtOnce, target.length - done), start + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return done
}

function refuseOther(facts: Stats, path: string, code: ErrorCode): void {
  if (facts.isFile()) return
  if (facts.isDirectory()) throw new EngineError('usage', `${path} is a folder; give a file`)
  throw new EngineError(code, `${path} is not a regular file but ${kindOf(facts)}; give the file itself`)
}

// Text files beside the weights, with a limit: a "config.json" of many gigabytes must not fill the memory.

/** Most bytes of a recipe; its reader refuses one that is longer than the format allows. */
export const maxRecipeBytes = 16 * 2 ** 20

/** The file's text. @throws EngineError 'not-found', 'disk', or `code` when it is too large, no UTF-8 or no regular file. */
export async function readSmallFile(
  path: string,
  maxBytes: number,
  code: ErrorCode = 'bad-checkpoint',
): Promise<string> {
  const bytes = await readRegular(path, maxBytes, code)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new EngineError(code, `${path} is not UTF-8 text; save it as UTF-8 or get it again`, { cause: error })
  }
}

/** The same; null where there is no such file. */
export async function readIfThere(path: string, maxBytes: number, code?: ErrorCode): Promise<string | null> {
  return readSmallFile(path, maxBytes, code).catch((error: unknown) => {
    if (error instanceof EngineError && error.code === 'not-found') return null
    throw error
  })
}

/** The object of a JSON text. @throws EngineError 'bad-config' for anything else. */
export function jsonObject(text: string, path: string, remedy = 'get it again'): Record<string, unknown> {
  let reason = 'not an object'
  try {
    const value: unknown = JSON.parse(text)
    if (isRecord(value)) return value
  } catch (error) {
    reason = messageOf(error)
  }
  throw new EngineError('bad-config', `${path} is not a JSON object (${reason}); ${remedy}`)
}

// Paths of Windows that name another machine: opening one sends the credentials of this account there.

/** The sentence for a recipe that names one, without its subject. */
export const networkPathProblem =
  'it is on a share of another machine, which would get the credentials of your account: copy it to this machine or map the share to a drive letter, and name that path'

/** Whether `given`, as written and not resolved, begins as `\\\\server\\share` does. Windows takes slashes of both kinds. */
export function isNetworkPath(given: string, platform: NodeJS.Platform = process.platform): boolean {
  return platform === 'win32' ? /^[\\/]{2}/.test(given) : given.startsWith('\\\\')
}
