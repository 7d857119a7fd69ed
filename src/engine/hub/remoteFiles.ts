// Files of a model on the Hub, read where they are, by ranges of bytes: nothing is kept on the disk. A tensor that is looked at
// comes whole and is held in memory, since its statistics, its picture and every enlargement read it.
import { formatBytes } from '../../shared/format/byteSize.ts'
import { elementsOf } from '../../shared/format/dtypes.ts'
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

interface Place {
  readonly path: string
  readonly start: number
  readonly bytes: number
}

interface HeldTensor {
  readonly name: string
  readonly parts: readonly (Place & { readonly data: Promise<Uint8Array> })[]
}

export class RemoteFiles implements WeightFiles {
  /** Stands for the repository's folder in paths: `hf:org/name@commit`. */
  readonly folder: string
  readonly #hub: HubFiles
  readonly #session: HubSession
  readonly #closed = new AbortController()
  /** The one that was looked at last comes last. */
  #held: HeldTensor[] = []
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
    const parts = this.#held.flatMap((tensor) => tensor.parts)
    const part = parts.find((one) => one.path === path && start >= one.start && end <= one.start + one.bytes)
    if (!part) return this.#fetch(path, start, target)
    target.set((await part.data).subarray(start - part.start, end - part.start))
  }

  async #fetch(path: string, start: number, target: Uint8Array): Promise<void> {
    const file = this.#at(path)
    const end = start + target.length
    if (end > file.bytes)
      throw new EngineError('bad-checkpoint', `${path} ends early: it has ${file.bytes} bytes; choose another model`)
    await readRange(this.#hub, this.#session, file, [start, end], (chunk, at) => target.set(chunk, at - start))
  }

  /** Fetches a tensor that is going to be read in parts, perhaps more than once. */
  async hold(entry: TensorEntry): Promise<void> {
    const { name } = entry
    const tensor = this.#held.find((one) => one.name === name) ?? { name, parts: this.#fetchTensor(entry) }
    this.#held = [...this.#held.filter((one) => one !== tensor), tensor].slice(-mostHeld)
    try {
      await Promise.all(tensor.parts.map(({ data }) => data))
    } catch (error) {
      // What failed is fetched when it is asked for once more.
      this.#held = this.#held.filter((one) => one !== tensor)
      throw error
    }
  }

  #fetchTensor(entry: TensorEntry): HeldTensor['parts'] {
    const size = bytesOnDisk(entry)
    if (size > mostBytes)
      throw new EngineError(
        'unsupported',
        `${entry.name} has ${formatBytes(size)}, more than is held in memory (${formatBytes(mostBytes)}); pull the model to look at it`,
      )
    return placesOf(entry, this.folder).map((place) => {
      const bytes = new Uint8Array(place.bytes)
      return { ...place, data: this.#fetch(place.path, place.start, bytes).then(() => bytes) }
    })
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
    return this.#hub.files.find((file) => path === `${this.folder}/${file.path}`)
  }
}

/** The checkpoint, whose tensors are fetched whole before they are read. */
export function heldTensors(checkpoint: Checkpoint, files: RemoteFiles): Checkpoint {
  const after = async <T>(name: string, read: () => Promise<T>) => {
    const entry = checkpoint.tensors.get(name)
    if (entry) await files.hold(entry)
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

function placesOf(entry: TensorEntry, folder: string): Place[] {
  const { file, start, bytes, shape, strides, bitmask } = entry
  if (bitmask) return [bitmask.compressed, bitmask.bits, ...(bitmask.offsets ? [bitmask.offsets] : [])]
  const path = `${folder}/${file}`
  if (!strides) return [{ path, start, bytes: bytesOnDisk(entry) }]
  // Elements of a view lie in a part of their storage that may be larger or smaller than the tensor.
  const count = elementsOf(shape) ?? 0
  const last = shape.reduce((sum, size, i) => sum + (size - 1) * strides[i], 0)
  return count === 0 ? [] : [{ path, start, bytes: (last + 1) * (bytes / count) }]
}
