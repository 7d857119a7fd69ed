// Opens files that the user, a recipe or a checkpoint names. Opening a named pipe blocks until a writer comes, which may be never, and
// no signal ends that wait; devices and sockets have no end. Every file that is read is opened here.
import { constants, type Stats } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { isRecord } from '../../catalog/formats/json.ts'
import { EngineError, type ErrorCode, messageOf } from '../errors.ts'
import { readError } from '../../system/diskErrors.ts'
import { kindOf } from '../../system/ownFile.ts'

/** O_NONBLOCK keeps `open` from waiting on a named pipe. Windows has neither the flag nor named pipes among its files. */
const readOnly = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/** A handle on a regular file, links followed. @throws EngineError 'not-found', 'disk', or `code` for anything else. */
export async function openRegular(path: string, code: ErrorCode = 'bad-checkpoint'): Promise<FileHandle> {
  try {
    // Checked before opening, since merely opening some devices has an effect.
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

/** All bytes of a regular file of at most `maxBytes`, even if it grows meanwhile. @throws EngineError as `openRegular`. */
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

/** Most bytes of a recipe file. The recipe parser enforces the format's own, lower limit. */
export const maxRecipeBytes = 16 * 2 ** 20

/** The file's text. @throws EngineError 'not-found', 'disk', or `code` when it is too large, not UTF-8 or not a regular file. */
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

/** As `readSmallFile`, but null where there is no such file. */
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

// Windows paths that name another machine: opening one sends this account's credentials to that machine.

/** Why a network path is refused: the end of a message about a recipe that names one. */
export const networkPathProblem =
  'it is on a share of another machine, which would get the credentials of your account: copy it to this machine or map the share to a drive letter, and name that path'

/** Whether `given`, as written and not resolved, begins as `\\\\server\\share` does. Windows takes slashes of both kinds. */
export function isNetworkPath(given: string, platform: NodeJS.Platform = process.platform): boolean {
  return platform === 'win32' ? /^[\\/]{2}/.test(given) : given.startsWith('\\\\')
}
