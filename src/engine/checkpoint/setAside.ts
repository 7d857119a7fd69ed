// Bytes of a disk that nobody else can take: a file that really holds them and shrinks as what they are for is written.
// Linux alone can be asked for that (`fallocate`), and not on every file system. Zeros written in its place would be
// compressed away or shared by file systems that copy on write, and would go over the network twice.
import { statSync, unlinkSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { formatBytes } from '../../formatting/byteSize.ts'
import { EngineError, throwIfCancelled } from '../errors.ts'
import { killPoint } from '../../system/killPoint.ts'
import { writeError } from '../../system/diskErrors.ts'
import { createOwn } from '../../system/ownFile.ts'

export interface Reserve {
  /** Still set aside. */
  bytes(): number
  /** Keeps at most so many. */
  shrinkTo(bytes: number): Promise<void>
  /** Keeps that many less: they are about to be written. */
  give(bytes: number): Promise<void>
  /** Removes the file, unless another process has put its own in its place. */
  release(): Promise<void>
}

export interface ReserveRequest {
  /** Path of the file that holds them; a file of that name is replaced. */
  readonly path: string
  readonly bytes: number
  /** Name in messages: "the result". */
  readonly what: string
  readonly signal?: AbortSignal
}

/** The disk is asked for so much at once: memory file systems take their time. */
const stepBytes = 256 * 2 ** 20

/** Largest block of any file system, in bytes. */
const blockBytes = 2 ** 16

/**
 * Null where the system cannot set anything aside.
 * @throws EngineError 'disk' when there is no room or the quota does not allow it, 'cancelled'.
 */
export async function setAside({ path, bytes, what, signal }: ReserveRequest): Promise<Reserve | null> {
  const allocate = bytes > 0 ? await allocator() : null
  if (!allocate) return null
  killPoint()
  const file = await createOwn(path).catch((error: unknown) => {
    throw writeError(error, path)
  })
  const reserve = heldBy(path, file)
  try {
    for (let start = 0; start < bytes; start += stepBytes) {
      throwIfCancelled(signal)
      const code = allocate(file.fd, start, Math.min(stepBytes, bytes - start))
      if (code === 'ENOSPC' || code === 'EDQUOT') throw Object.assign(new Error(code), { code })
      if (code !== null) {
        await reserve.release()
        return null
      }
      await nextTurn()
    }
    reserve.holds(bytes)
    return reserve
  } catch (error) {
    await reserve.release()
    if (error instanceof EngineError) throw error
    const { code, message } = writeError(error, path)
    throw new EngineError(code, `${formatBytes(bytes)} cannot be set aside for ${what}: ${message}`, { cause: error })
  }
}

function heldBy(path: string, file: FileHandle): Reserve & { holds(bytes: number): void } {
  let held = 0
  let open = true
  // Asked of the file itself: who has taken over the folder has made another one.
  const remove = () => {
    try {
      if (open && statSync(path).ino === own) unlinkSync(path)
    } catch {
      return
    }
  }
  const own = statSync(path).ino
  process.once('exit', remove)
  return {
    holds: (bytes) => (held = bytes),
    bytes: () => held,
    async shrinkTo(bytes) {
      const left = Math.max(0, Math.floor(bytes))
      if (!open || left >= held) return
      held = left
      // The file shrinks by whole blocks and keeps one more, since what is written begins and ends within one.
      await file.truncate(Math.max(0, Math.floor(left / blockBytes) - 1) * blockBytes)
    },
    async give(bytes) {
      await this.shrinkTo(held - bytes)
    },
    async release() {
      if (!open) return
      killPoint()
      remove()
      open = false
      held = 0
      process.off('exit', remove)
      await file.close()
    },
  }
}

/** Makes a part of a file really there; the system's name of the error, or null. */
type Allocate = (descriptor: number, offset: number, bytes: number) => string | null

let found: Promise<Allocate | null> | null = null

function allocator(): Promise<Allocate | null> {
  return (found ??= bindFallocate().catch(() => null))
}

/** The system's own call, not `posix_fallocate`: that one writes to every block where the file system cannot. */
async function bindFallocate(): Promise<Allocate | null> {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) return null
  const { default: koffi } = await import('koffi')
  const fallocate = koffi.load(null).func('int fallocate(int fd, int mode, int64_t offset, int64_t length)')
  const names = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]))
  return (descriptor, offset, bytes) => {
    for (;;) {
      if (fallocate(descriptor, 0, offset, bytes) === 0) return null
      const name = names.get(koffi.errno()) ?? 'EIO'
      if (name !== 'EINTR') return name
    }
  }
}
