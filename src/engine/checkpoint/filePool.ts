// Reads ranges of many files and keeps only a few files open: a checkpoint may have more shards than a process may have open files.
import { type FileHandle, stat } from 'node:fs/promises'
import { EngineError } from '../errors.ts'
import { readError } from '../../system/diskErrors.ts'
import { resolveShard } from './locate.ts'
import { openRegular, readAll, readSmallFile } from './regularFile.ts'
import type { WeightFiles } from './fileHeader.ts'

const maxOpen = 32

interface OpenFile {
  handle: Promise<FileHandle>
  /** Reads under way; a file in use is never closed. */
  users: number
}

export class FilePool implements WeightFiles {
  /** Least recently used first. */
  private readonly files = new Map<string, OpenFile>()
  private readonly mostBytes: number
  private total = 0
  /** Bytes that were requested, read or not. */
  private asked = 0
  private closed = false

  /** `mostBytes`: limit on all ranged reads together, and on each text file. A read beyond it is not started. */
  constructor(mostBytes = Infinity) {
    this.mostBytes = mostBytes
  }

  get bytesRead(): number {
    return this.total
  }

  /** @throws EngineError with reason 'too-long' if all reads together would exceed `mostBytes`. */
  async read(path: string, start: number, target: Uint8Array): Promise<void> {
    this.asked += target.length
    if (this.asked > this.mostBytes) throw tooLong(path, this.mostBytes)
    const file = this.take(path)
    try {
      const bytes = await readAll(await file.handle, target, start)
      this.total += bytes
      if (bytes < target.length)
        throw new EngineError('bad-checkpoint', `${path} ends early: it changed while it was read; open it again`)
    } catch (error) {
      throw readError(error, path)
    } finally {
      file.users--
      await this.trim()
    }
  }

  async sizeOf(path: string): Promise<number> {
    const facts = await stat(path).catch((error: unknown) => {
      throw readError(error, path)
    })
    // A pipe would never end and a folder has no bytes.
    if (!facts.isFile())
      throw new EngineError('bad-checkpoint', `${path} is not a regular file; give a file of weights`)
    return facts.size
  }

  async readText(path: string, maxBytes: number): Promise<string> {
    if (this.mostBytes < maxBytes && (await this.sizeOf(path)) > this.mostBytes) throw tooLong(path, this.mostBytes)
    return readSmallFile(path, maxBytes)
  }

  shardPath(folder: string, name: string): Promise<string> {
    return resolveShard(folder, name)
  }

  async close(): Promise<void> {
    this.closed = true
    const all = [...this.files.values()]
    this.files.clear()
    await Promise.all(all.map(closeQuietly))
  }

  private take(path: string): OpenFile {
    if (this.closed) throw new EngineError('internal', `${path} is read after its checkpoint was closed`)
    const file = this.files.get(path) ?? { handle: openRegular(path), users: 0 }
    this.files.delete(path)
    this.files.set(path, file)
    // A failed open is forgotten, since the file may exist at the next attempt.
    file.handle.catch(() => this.files.delete(path))
    file.users++
    return file
  }

  private async trim(): Promise<void> {
    for (const [path, file] of this.files) {
      if (this.files.size <= maxOpen) return
      if (file.users > 0) continue
      this.files.delete(path)
      await closeQuietly(file)
    }
  }
}

function tooLong(path: string, mostBytes: number): EngineError {
  const message = `${path} has more to read than the ${mostBytes} bytes that were allowed; open the model by itself`
  return new EngineError('bad-checkpoint', message, { reason: 'too-long' })
}

/** If opening failed, there is nothing to close, and the reader has already received the error. */
async function closeQuietly(file: OpenFile): Promise<void> {
  try {
    await (await file.handle).close()
  } catch {
    return
  }
}

/** Ranges of one file, for libraries that follow offsets stored in the file itself. */
interface FileRanges {
  readonly byteLength: number
  /** Bytes [start, end). @throws Error for a range that is not in the file or too long. */
  slice(start: number, end?: number): Promise<ArrayBuffer>
}

/** `maxBytes`: limit on one range. @throws EngineError 'not-found', 'disk', or 'bad-data' unless it is a regular file. */
export async function openRanges(
  path: string,
  maxBytes: number,
): Promise<{ file: FileRanges; close: () => Promise<void> }> {
  const handle = await openRegular(path, 'bad-data')
  const { size } = await handle.stat()
  const file: FileRanges = {
    byteLength: size,
    async slice(start, end = size) {
      // The offsets come from the file itself, so they are not trusted.
      if (!(start >= 0 && start <= end && end <= size && end - start <= maxBytes))
        throw new Error(`it names bytes ${start} to ${end} of ${size}`)
      const bytes = new Uint8Array(end - start)
      if ((await readAll(handle, bytes, start)) < bytes.length)
        throw new EngineError('bad-data', `${path} ends early; get it again`)
      return bytes.buffer
    },
  }
  return { file, close: () => handle.close() }
}
