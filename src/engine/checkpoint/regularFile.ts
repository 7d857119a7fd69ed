// Opens files that a person, a recipe or a checkpoint names. Opening a named pipe waits for a writer that may never come, and
// no signal ends that wait; devices and sockets have no end. Every file that is read is opened here.
import { constants } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import type { Stats } from 'node:fs'
import { EngineError, type ErrorCode } from '../errors.ts'
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
    let done = 0
    while (done < size) {
      const { bytesRead } = await handle.read(bytes, done, size - done, done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return bytes.subarray(0, done)
  } catch (error) {
    throw readError(error, path)
  } finally {
    await handle.close()
  }
}

function refuseOther(facts: Stats, path: string, code: ErrorCode): void {
  if (facts.isFile()) return
  if (facts.isDirectory()) throw new EngineError('usage', `${path} is a folder; give a file`)
  throw new EngineError(code, `${path} is not a regular file but ${kindOf(facts)}; give the file itself`)
}
