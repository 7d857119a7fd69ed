// Files of a model on the Hub, read where they are, by ranges of bytes: nothing is kept on the disk. A tensor that is looked at
// comes whole and is held in memory, since its statistics, its picture and every enlargement read it.
import { formatBytes } from '../../formatting/numbers.ts'
import { bytesOnDisk, type Checkpoint, type TensorEntry } from '../checkpoint/checkpoint.ts'
import { hubNameText } from '../checkpoint/hubCache.ts'
import type { WeightFiles } from '../checkpoint/weightFiles.ts'
import { EngineError } from '../errors.ts'
import type { HubSession } from './hubFetch.ts'
import { readRange, readText, type HubFiles, type RemoteFile } from './hubFiles.ts'

/** Tensors that are held: those that were looked at last. */
const mostHeld = 2
/** Larger tensors, of which there are few, are looked at after a pull. */
const mostBytes = 2 ** 31

/** A tensor's bytes in its file, on their way or here. */
interface Held {
  readonly path: string
  readonly start: number
  readonly end: number
  readonly data: Promise<Uint8Array>
}

export class RemoteFiles implements WeightFiles {
  /** Stands for the repository's folder in paths: `hf:org/name@commit`. */
  readonly folder: string
  readonly #hub: HubFiles
  readonly #session: HubSession
  readonly #closed = new AbortController()
  /** The one that was looked at last comes last. */
  #held: readonly Held[] = []
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
    const why = `${path} is missing, though the index names it; tell the model's authors`
    return Promise.reject(new EngineError('bad-checkpoint', why))
  }

  async readText(path: string, maxBytes: number): Promise<string> {
    return readText(this.#hub, this.#session, this.#at(path), maxBytes)
  }

  async read(path: string, start: number, target: Uint8Array): Promise<void> {
    const end = start + target.length
    const held = this.#held.find((one) => one.path === path && start >= one.start && end <= one.end)
    if (held) target.set((await held.data).subarray(start - held.start, end - held.start))
    else await this.#fetch(path, start, target)
  }

  /** Fetches a tensor that is going to be read in pieces, perhaps more than once. */
  async hold({ name, file, start, ...entry }: TensorEntry): Promise<void> {
    const bytes = bytesOnDisk(entry)
    if (bytes > mostBytes)
      throw new EngineError(
        'unsupported',
        `${name} has ${formatBytes(bytes)}, more than is held in memory (${formatBytes(mostBytes)}); pull the model to look at it`,
      )
    const path = `${this.folder}/${file}`
    const known = this.#held.find((one) => one.path === path && one.start === start)
    const held = known ?? { path, start, end: start + bytes, data: this.#fetch(path, start, new Uint8Array(bytes)) }
    this.#held = [...this.#held.filter((one) => one !== held), held].slice(-mostHeld)
    try {
      await held.data
    } catch (error) {
      // What failed is fetched when it is asked for once more.
      this.#held = this.#held.filter((one) => one !== held)
      throw error
    }
  }

  async #fetch(path: string, start: number, target: Uint8Array): Promise<Uint8Array> {
    const file = this.#at(path)
    const end = start + target.length
    if (end > file.bytes)
      throw new EngineError('bad-checkpoint', `${path} ends early: it has ${file.bytes} bytes; choose another model`)
    await readRange(this.#hub, this.#session, file, [start, end], (chunk, at) => target.set(chunk, at - start))
    return target
  }

  /** Ends what is being read. */
  close(): Promise<void> {
    this.#closed.abort()
    return Promise.resolve()
  }

  #at(path: string): RemoteFile {
    const file = this.#find(path)
    if (file) return file
    // As a disk says it, for who takes a file that is not there for none.
    const cause = Object.assign(new Error(path), { code: 'ENOENT' })
    throw new EngineError('not-found', `${path} is not there; check the name`, { cause })
  }

  #find(path: string): RemoteFile | undefined {
    const start = `${this.folder}/`
    return path.startsWith(start) ? this.#hub.files.get(path.slice(start.length)) : undefined
  }
}

/** The checkpoint, whose tensors are fetched whole before they are read, but for those that are no one range of bytes. */
export function heldTensors(checkpoint: Checkpoint, files: RemoteFiles): Checkpoint {
  const after = async <T>(name: string, read: () => Promise<T>) => {
    const entry = checkpoint.tensors.get(name)
    if (entry && !entry.strides && !entry.bitmask) await files.hold(entry)
    return read()
  }
  return {
    ...checkpoint,
    remote: true,
    read: (name) => after(name, () => checkpoint.read(name)),
    readRange: (name, start, end) => after(name, () => checkpoint.readRange(name, start, end)),
    readInto: (name, start, target) => after(name, () => checkpoint.readInto(name, start, target)),
  }
}
