// Files of a model on the Hub, read where they are, by ranges of bytes: nothing is kept on the disk. A tensor that is inspected
// comes whole and is held in memory, since its statistics, its picture and every enlargement read it.
import { formatBytes } from '../../formatting/numbers.ts'
import type { Checkpoint } from '../checkpoint/checkpoint.ts'
import { hubNameText } from '../checkpoint/hubCache.ts'
import type { WeightFiles } from '../checkpoint/weightFiles.ts'
import { EngineError } from '../errors.ts'
import type { HubSession } from './hubFetch.ts'
import { readRange, readText, type HubFiles, type RemoteFile } from './hubFiles.ts'

/** Tensors in memory: those inspected last. */
const mostHeld = 2
/** The few larger tensors can be inspected after a pull. */
const mostBytes = 2 ** 31

export class RemoteFiles implements WeightFiles {
  /** Stands for the repository's folder in paths: `hf:org/name@commit`. */
  readonly folder: string
  readonly #hub: HubFiles
  readonly #session: HubSession
  readonly #closed = new AbortController()
  bytesRead = 0

  constructor(hub: HubFiles, session: HubSession) {
    this.#hub = hub
    this.folder = `hf:${hubNameText({ ...hub.name, revision: hub.commit })}`
    const signals = session.signal ? [session.signal, this.#closed.signal] : [this.#closed.signal]
    const onBytes = (bytes: number) => {
      this.bytesRead += bytes
      session.onBytes?.(bytes)
    }
    this.#session = { ...session, signal: AbortSignal.any(signals), onBytes }
  }

  sizeOf(path: string): Promise<number> {
    return Promise.resolve(this.#at(path).bytes)
  }

  shardPath(folder: string, name: string): Promise<string> {
    const path = `${folder}/${name}`
    if (this.#find(path)) return Promise.resolve(path)
    const why = `${path} is missing, though the index names it; report this to the model's authors`
    return Promise.reject(new EngineError('bad-checkpoint', why))
  }

  async readText(path: string, maxBytes: number): Promise<string> {
    return readText(this.#hub, this.#session, this.#at(path), maxBytes)
  }

  async read(path: string, start: number, target: Uint8Array): Promise<void> {
    const file = this.#at(path)
    const end = start + target.length
    if (end > file.bytes)
      throw new EngineError('bad-checkpoint', `${path} ends early: it has ${file.bytes} bytes; choose another model`)
    await readRange(this.#hub, this.#session, file, [start, end], (chunk, at) => target.set(chunk, at - start))
  }

  /** Ends what is being read. */
  close(): Promise<void> {
    this.#closed.abort()
    return Promise.resolve()
  }

  #at(path: string): RemoteFile {
    const file = this.#find(path)
    if (file) return file
    // The error of a disk: callers treat a missing file as optional.
    const cause = Object.assign(new Error(path), { code: 'ENOENT' })
    throw new EngineError('not-found', `${path} is not there; check the name`, { cause })
  }

  #find(path: string): RemoteFile | undefined {
    const start = `${this.folder}/`
    return path.startsWith(start) ? this.#hub.files.get(path.slice(start.length)) : undefined
  }
}

/** The checkpoint, whose tensors are fetched whole before they are read: they may be read in pieces, and more than once. */
export function heldTensors(checkpoint: Checkpoint): Checkpoint {
  // The tensor inspected last comes last.
  const held = new Map<string, Promise<Uint8Array<ArrayBuffer>>>()
  const whole = async (name: string) => {
    const bytes = checkpoint.tensors.get(name)?.bytes ?? 0
    if (bytes > mostBytes)
      throw new EngineError(
        'unsupported',
        `${name} has ${formatBytes(bytes)}, more than is held in memory (${formatBytes(mostBytes)}); pull the model to inspect it`,
      )
    const data = held.get(name) ?? checkpoint.read(name)
    held.delete(name)
    held.set(name, data)
    for (const old of [...held.keys()].slice(0, -mostHeld)) held.delete(old)
    // A failed range is fetched again at the next read.
    data.catch(() => held.delete(name))
    return data
  }
  return {
    ...checkpoint,
    remote: true,
    read: async (name) => (await whole(name)).slice(),
    readRange: async (name, start, end) => (await whole(name)).slice(start, end),
    readInto: async (name, start, target) => target.set((await whole(name)).subarray(start, start + target.length)),
  }
}
