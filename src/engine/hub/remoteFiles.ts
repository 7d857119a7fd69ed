// Files of a repository of the Hub that are read where they are, by ranges of bytes: nothing of them is kept on the disk. The
// server is not trusted: it sends exactly the bytes that were asked for, soon, or the reading fails with a sentence.
import { EngineError, throwIfCancelled } from '../errors.ts'
import { hubNameText, type HubName } from '../checkpoint/hubCache.ts'
import type { WeightFiles } from '../checkpoint/weightFiles.ts'
import type { HubAccess } from './hubAccess.ts'
import { unreachable } from './hubErrors.ts'
import { chunksOf, hubGet } from './hubGet.ts'
import { pause } from './pause.ts'
import type { RemoteFile, RepositoryFiles } from './repositoryFiles.ts'
import { stallAfter } from './stall.ts'
import { emptyHash } from './storedBlob.ts'

export interface RemoteReading {
  readonly access: HubAccess
  readonly signal?: AbortSignal
  /** Bytes that have come, each time that some do. */
  readonly onBytes?: (bytes: number) => void
  /** Waits before a connection is tried again; for tests. */
  readonly wait?: (ms: number, signal?: AbortSignal) => Promise<void>
  /** A connection that brings less than `aliveBytes` in so long counts as lost. */
  readonly stallMs?: number
}

/** Bytes of a file that are kept in memory, or on their way there. */
export interface HeldRange {
  readonly path: string
  readonly start: number
  readonly length: number
  readonly bytes: Promise<Uint8Array>
}

/** Attempts at one range; a long one gets another for every `bytesPerAttempt`. */
const mostAttempts = 4
const bytesPerAttempt = 64 * 2 ** 20
const aliveBytes = 2 ** 20
const defaultStallMs = 60_000

export class RemoteFiles implements WeightFiles {
  /** Stands for the repository's folder in paths: `hf:org/name@commit`. */
  readonly folder: string
  readonly #name: HubName
  readonly #files: ReadonlyMap<string, RemoteFile>
  readonly #reading: RemoteReading
  readonly #closed = new AbortController()
  readonly #signal: AbortSignal
  readonly #held = new Set<HeldRange>()
  #total = 0

  constructor(name: HubName, { commit, files }: RepositoryFiles, reading: RemoteReading) {
    this.#name = { repository: name.repository, revision: commit }
    this.folder = `hf:${hubNameText(this.#name)}`
    this.#files = new Map(files.map((file) => [file.path, file]))
    this.#reading = reading
    const signals = reading.signal ? [reading.signal, this.#closed.signal] : [this.#closed.signal]
    this.#signal = AbortSignal.any(signals)
  }

  get bytesRead(): number {
    return this.#total
  }

  sizeOf(path: string): Promise<number> {
    return Promise.resolve(this.#at(path).bytes)
  }

  shardPath(folder: string, name: string): Promise<string> {
    const path = `${folder}/${name}`
    if (this.#find(path)) return Promise.resolve(path)
    const why = `${path} is missing, though the index names it; tell the model's authors`
    return Promise.reject(new EngineError('bad-checkpoint', why))
  }

  /** Checked by its hash. */
  async readText(path: string, maxBytes: number): Promise<string> {
    const file = this.#at(path)
    if (file.bytes > maxBytes)
      throw new EngineError(
        'bad-checkpoint',
        `${path} has ${file.bytes} bytes, more than such a file ever has (${maxBytes}); choose another model`,
      )
    const bytes = new Uint8Array(file.bytes)
    await this.read(path, 0, bytes)
    if (emptyHash(file).update(bytes).digest('hex') !== file.hash)
      throw new EngineError('network', `${path}: its hash is not the one that the Hub announces; check HF_ENDPOINT`)
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch (error) {
      throw new EngineError('bad-checkpoint', `${path} is not UTF-8 text; choose another model`, { cause: error })
    }
  }

  /** Fetches bytes that will be read in parts. */
  hold({ path, start, bytes: length }: { path: string; start: number; bytes: number }): HeldRange {
    const bytes = new Uint8Array(length)
    const range = { path, start, length, bytes: this.#fetch(path, start, bytes).then(() => bytes) }
    range.bytes.catch(() => this.#held.delete(range))
    this.#held.add(range)
    return range
  }

  release(range: HeldRange): void {
    this.#held.delete(range)
  }

  async read(path: string, start: number, target: Uint8Array): Promise<void> {
    const end = start + target.length
    for (const held of this.#held) {
      if (held.path !== path || start < held.start || end > held.start + held.length) continue
      target.set((await held.bytes).subarray(start - held.start, end - held.start))
      return
    }
    await this.#fetch(path, start, target)
  }

  async #fetch(path: string, start: number, target: Uint8Array): Promise<void> {
    const file = this.#at(path)
    if (start + target.length > file.bytes)
      throw new EngineError('bad-checkpoint', `${path} ends early: it has ${file.bytes} bytes; choose another model`)
    const { wait = pause, onBytes } = this.#reading
    const attempts = mostAttempts + Math.floor(target.length / bytesPerAttempt)
    let have = 0
    for (let attempt = 1; have < target.length; attempt++) {
      throwIfCancelled(this.#signal)
      try {
        await this.#range(file, start + have, target.subarray(have), (bytes) => {
          have += bytes
          this.#total += bytes
          onBytes?.(bytes)
        })
      } catch (error) {
        throwIfCancelled(this.#signal)
        const again = error instanceof EngineError && error.code === 'network' && error.reason !== 'redirect'
        if (!again || attempt >= attempts) throw error
        await wait(500 * 2 ** Math.min(attempt, 5), this.#signal)
      }
    }
  }

  /** Ends what is being read. */
  close(): Promise<void> {
    this.#closed.abort()
    return Promise.resolve()
  }

  /** One connection. `took` hears how many bytes of the target are filled. */
  async #range(file: RemoteFile, start: number, target: Uint8Array, took: (bytes: number) => void): Promise<void> {
    const { access, stallMs = defaultStallMs } = this.#reading
    const path = file.path.split('/').map(encodeURIComponent).join('/')
    const address = `${access.endpoint}/${this.#name.repository}/resolve/${this.#name.revision}/${path}`
    const whole = target.length === file.bytes
    const last = start + target.length - 1
    const stall = stallAfter(stallMs, this.#signal)
    let url = new URL(address)
    let have = 0
    try {
      const headers = { 'accept-encoding': 'identity', ...(!whole && { range: `bytes=${start}-${last}` }) }
      const response = await hubGet(access, address, this.#name, { headers, signal: stall.signal })
      url = new URL(response.url)
      if (!whole) requireRange(response, url, `bytes ${start}-${last}/${file.bytes}`)
      let alive = aliveBytes
      for await (const chunk of chunksOf(response, stall.signal)) {
        if (have + chunk.length > target.length)
          throw new EngineError(
            'bad-checkpoint',
            `${url.host} sends more of ${file.path} than the ${target.length} bytes that were asked for; check HF_ENDPOINT`,
          )
        target.set(chunk, have)
        have += chunk.length
        took(chunk.length)
        if (have < alive) continue
        stall.alive()
        alive = have + aliveBytes
      }
    } catch (error) {
      throw unreachable(error, url, this.#reading.signal)
    } finally {
      stall.end()
    }
    if (have === target.length) return
    const why = `${url.host} closed the connection after ${have} of ${target.length} bytes of ${file.path}; try again`
    throw new EngineError('network', why)
  }

  #at(path: string): RemoteFile {
    const file = this.#find(path)
    if (file) return file
    // As a disk says it, for who takes a file that is not there for none.
    const cause = Object.assign(new Error(path), { code: 'ENOENT' })
    throw new EngineError('not-found', `${path} is not there; check the name`, { cause })
  }

  #find(path: string): RemoteFile | undefined {
    return path.startsWith(`${this.folder}/`) ? this.#files.get(path.slice(this.folder.length + 1)) : undefined
  }
}

/** Some servers and proxies know no ranges: a whole file is not read to look at a part. */
function requireRange(response: Response, url: URL, expected: string): void {
  const found = response.headers.get('content-range')
  if (response.status === 206 && (found === expected || found === expected.replace(/\d+$/, '*'))) return
  void response.body?.cancel().catch(() => undefined)
  throw new EngineError(
    'unsupported',
    `${url.host} does not send the part of a file that it is asked for; pull the model instead, or check HF_ENDPOINT`,
  )
}
