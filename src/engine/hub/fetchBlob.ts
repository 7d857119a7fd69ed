// Fetches one file of the Hub into `blobs/`, named by its hash. Bytes that have come lie in `<hash>.incomplete`, as huggingface_hub
// calls it: a pull that was stopped goes on there, and only bytes whose hash is the announced one get the name.
// @huggingface/hub downloads from the start each time and checks nothing, so this is our own.
import type { Hash } from 'node:crypto'
import { rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { HubName } from '../checkpoint/hubCache.ts'
import { writeError } from '../../system/diskErrors.ts'
import { EngineError, throwIfCancelled } from '../errors.ts'
import type { HubAccess } from './hubAccess.ts'
import { chunksOf, hubGet } from './hubGet.ts'
import { cancelled, unreachable } from './hubErrors.ts'
import type { RemoteFile } from './repositoryFiles.ts'
import { pause } from './pause.ts'
import { stallAfter } from './stall.ts'
import { blobIsWhole, eachChunk, emptyHash, incomplete, openPartial } from './storedBlob.ts'
import { renameOver } from '../../system/atomicFile.ts'

export interface BlobSource {
  readonly access: HubAccess
  readonly name: HubName
  readonly commit: string
  readonly signal?: AbortSignal
  /** Bytes of this file that are there by now. */
  readonly onBytes: (have: number) => void
  /** Waits before a connection is tried again; for tests. */
  readonly wait?: (ms: number, signal?: AbortSignal) => Promise<void>
  /** A connection that brings nothing for so long counts as lost. */
  readonly stallMs?: number
}

/** Attempts in a row that bring nothing. */
const mostAttempts = 5
/** Times that another process may take the partial file away before this one gives up. */
const mostOvertaken = 4

/** Fetches what is missing. @throws EngineError; what has come stays for the next attempt, but for a wrong hash. */
export async function fetchBlob(blobs: string, file: RemoteFile, source: BlobSource): Promise<void> {
  const blob = join(blobs, file.hash)
  const partial = incomplete(blob)
  for (let attempt = 1; ; attempt++)
    try {
      const download = await Download.resume(partial, file, source)
      try {
        await download.finish()
        return await download.keep(blob)
      } finally {
        await download.close()
      }
    } catch (error) {
      if (error instanceof BadBytes) await rm(partial, { force: true })
      // Another process pulls the same model: it has put the file into its place.
      else if (await blobIsWhole(blobs, file, source)) return
      // Or it writes there still: then this one fetches a file of its own.
      else if (error instanceof Overtaken && attempt < mostOvertaken) continue
      throw error instanceof EngineError ? error : writeError(error, partial)
    }
}

/** Another process has taken or replaced the partial file. */
class Overtaken extends EngineError {
  constructor(file: RemoteFile) {
    super('network', `${file.path}: another process began it anew; pull again when that has ended`)
  }
}

/** The file is not the one that was announced, so none of it can be used. */
class BadBytes extends EngineError {
  constructor(file: RemoteFile, what: string) {
    super(
      'network',
      `${file.path}: ${what}; the file was thrown away, pull again, and if it stays so check HF_ENDPOINT`,
    )
  }
}

class Download {
  readonly #path: string
  #handle: FileHandle
  readonly #file: RemoteFile
  readonly #source: BlobSource
  #hash: Hash
  #have = 0

  private constructor(path: string, handle: FileHandle, file: RemoteFile, source: BlobSource) {
    this.#path = path
    this.#handle = handle
    this.#file = file
    this.#source = source
    this.#hash = emptyHash(file)
  }

  /** Reads what is there once more, for its hash. */
  static async resume(path: string, file: RemoteFile, source: BlobSource): Promise<Download> {
    const handle = await openPartial(path)
    const download = new Download(path, handle, file, source)
    try {
      if ((await handle.stat()).size > file.bytes) await download.#restart()
      else await eachChunk(handle, source.signal, (chunk) => download.#take(chunk))
      return download
    } catch (error) {
      await download.close()
      throw error
    }
  }

  /** Gives the whole file its name. @throws Overtaken. */
  async keep(blob: string): Promise<void> {
    await this.#handle.sync()
    const [own, there] = [await this.#handle.stat(), await stat(this.#path).catch(() => null)]
    if (there?.ino !== own.ino) throw new Overtaken(this.#file)
    await renameOver(this.#path, blob).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT' ? new Overtaken(this.#file) : error
    })
  }

  close(): Promise<void> {
    return this.#handle.close()
  }

  /** @throws EngineError; BadBytes when the hash is another. */
  async finish(): Promise<void> {
    const { wait = pause, signal } = this.#source
    for (let fruitless = 0; this.#have < this.#file.bytes;) {
      const before = this.#have
      try {
        await this.#continue()
        if (this.#have < this.#file.bytes)
          throw new EngineError(
            'network',
            `${this.#file.path}: the server closed the connection after ${this.#have} of ${this.#file.bytes} bytes; pull again to go on there`,
          )
      } catch (error) {
        if (error instanceof BadBytes || !(error instanceof EngineError) || error.code !== 'network') throw error
        if (error.reason === 'redirect') throw error
        fruitless = this.#have > before ? 0 : fruitless + 1
        if (fruitless >= mostAttempts) throw error
        await wait(1000 * 2 ** fruitless, signal)
        throwIfCancelled(signal)
      }
    }
    const found = this.#hash.digest('hex')
    if (found !== this.#file.hash)
      throw new BadBytes(this.#file, `its hash is ${found}, not the ${this.#file.hash} that the Hub announces`)
  }

  /** Reads one connection to its end, or until it breaks. */
  async #continue(): Promise<void> {
    const { access, name, commit, signal, stallMs = 60_000 } = this.#source
    const stall = stallAfter(stallMs, signal)
    const path = this.#file.path.split('/').map(encodeURIComponent).join('/')
    const address = `${access.endpoint}/${name.repository}/resolve/${commit}/${path}`
    // Packed answers would have other sizes, and ranges of something else.
    const headers = { 'accept-encoding': 'identity', ...(this.#have > 0 && { range: `bytes=${this.#have}-` }) }
    let url = new URL(address)
    try {
      const response = await hubGet(access, address, name, { headers, signal: stall.signal })
      url = new URL(response.url)
      if (this.#have > 0 && !goesOnAt(response, this.#have)) await this.#restart()
      for await (const chunk of chunksOf(response, stall.signal)) {
        stall.alive()
        await this.#append(chunk)
      }
    } catch (error) {
      if (signal?.aborted) throw cancelled()
      // The disk's own errors are not the network's.
      throw error instanceof Error && 'syscall' in error
        ? writeError(error, this.#file.path)
        : unreachable(error, url, signal)
    } finally {
      stall.end()
    }
  }

  async #append(chunk: Uint8Array): Promise<void> {
    if (this.#have + chunk.byteLength > this.#file.bytes)
      throw new BadBytes(this.#file, `the server sends more than the ${this.#file.bytes} bytes that it announces`)
    for (let at = 0; at < chunk.byteLength;) {
      const { bytesWritten } = await this.#handle.write(chunk, at, chunk.byteLength - at, this.#have + at)
      at += bytesWritten
    }
    this.#take(chunk)
    this.#source.onBytes(this.#have)
  }

  #take(chunk: Uint8Array): void {
    this.#hash.update(chunk)
    this.#have += chunk.byteLength
  }

  /** Begins again in a file of its own: another process may be writing into the one that was there. */
  async #restart(): Promise<void> {
    await this.#handle.close()
    await rm(this.#path, { force: true })
    this.#handle = await openPartial(this.#path)
    this.#hash = emptyHash(this.#file)
    this.#have = 0
    this.#source.onBytes(0)
  }
}

/** Some servers and proxies know no ranges and begin again. */
function goesOnAt(response: Response, have: number): boolean {
  return response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${have}-`) === true
}
