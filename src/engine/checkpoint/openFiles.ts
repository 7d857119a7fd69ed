// A checkpoint whose files the caller has, as Blobs (a file chosen in a page, a download) or as ranges of bytes that it reads
// itself. This file runs in a browser, so it imports nothing from Node.
import { checkpointFormats, formatOf, ggufParts, isGguf, modelEntry } from '../../catalog/formats/checkpointFormats.ts'
import { andList, someOf } from '../../formatting/lists.ts'
import { EngineError, messageOf } from '../errors.ts'
import type { Checkpoint } from './createCheckpoint.ts'
import { inspectIn, wholeOf } from './inspection.ts'
import type { Located } from './locate.ts'
import type { WeightFiles } from './fileHeader.ts'

/** A file that is read a range at a time, such as one on a server. */
export interface ByteRanges {
  /** Bytes of the whole file. */
  readonly size: number
  /** Bytes [start, end) of the file: exactly `end - start` of them. */
  read(start: number, end: number): Promise<Uint8Array>
}

/** Files of one folder by their names: weights, their index where there are shards, and config.json. */
export type GivenFiles = Readonly<Record<string, Blob | ByteRanges>>

/**
 * Opens the checkpoint in these files: safetensors, PyTorch or GGUF. Only headers are read; weights are read on request.
 * The weights are found by their names, as in a folder: `model.safetensors`, or `model.safetensors.index.json` and its shards, or one
 * file of any other name. Weights of GGUF that are quantised are read as F32 numbers.
 * @throws EngineError 'not-found' where no file holds weights, 'usage' where several could, or 'bad-checkpoint' with what is wrong.
 */
export async function openFiles(files: GivenFiles): Promise<Checkpoint> {
  const given = new FilesInMemory(files)
  return wholeOf(await inspectIn(given, { folder, ...entryOf(Object.keys(files)) }, folder))
}

/** Stands for the folder of the files in their paths. */
const folder = '.'

function entryOf(names: readonly string[]): Pick<Located, 'kind' | 'entry'> {
  const found = modelEntry(names)
  if (found) return found
  const weights = names.filter((name) => formatOf(name) !== null || isGguf(name))
  const entries = [...new Set(weights.map((name) => (isGguf(name) ? ggufParts(name)[0] : name)))]
  if (entries.length === 1) return { kind: 'single', entry: entries[0] }
  if (entries.length > 1)
    throw new EngineError('usage', `there are several files of weights and no index: ${someOf(entries, 5)}; give one`)
  const wanted = checkpointFormats.flatMap(({ single, index }) => [single, index])
  throw new EngineError('not-found', `no file holds weights; give ${andList([...wanted, 'a .gguf file'], 'or')}`)
}

class FilesInMemory implements WeightFiles {
  bytesRead = 0
  readonly #files: GivenFiles
  #isClosed = false

  constructor(files: GivenFiles) {
    this.#files = files
  }

  async sizeOf(path: string): Promise<number> {
    return this.#at(path).size
  }

  async read(path: string, start: number, target: Uint8Array): Promise<void> {
    if (this.#isClosed) throw new EngineError('internal', `${path} is read after its checkpoint was closed`)
    const file = this.#at(path)
    const end = start + target.length
    if (end > file.size)
      throw new EngineError('bad-checkpoint', `${path} ends early: it has ${file.size} bytes; get it again`)
    const bytes = await bytesOf(file, start, end).catch((error: unknown) => {
      if (error instanceof EngineError) throw error
      throw new EngineError('disk', `cannot read ${path}: ${messageOf(error)}; choose the file again`, { cause: error })
    })
    if (bytes.length !== target.length)
      throw new EngineError(
        'bad-checkpoint',
        `${path}: only ${bytes.length} of ${target.length} bytes could be read; choose the file again`,
      )
    target.set(bytes)
    this.bytesRead += bytes.length
  }

  async readText(path: string, maxBytes: number): Promise<string> {
    const size = await this.sizeOf(path)
    if (size > maxBytes)
      throw new EngineError('bad-checkpoint', `${path} has ${size} bytes, more than such a file ever has (${maxBytes})`)
    const bytes = new Uint8Array(size)
    await this.read(path, 0, bytes)
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch (error) {
      throw new EngineError('bad-checkpoint', `${path} is not UTF-8 text; get it again`, { cause: error })
    }
  }

  async shardPath(home: string, name: string): Promise<string> {
    const path = `${home}/${name}`
    if (this.#find(path)) return path
    throw new EngineError('bad-checkpoint', `${name} is missing, though it is a part of the model; give it too`)
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }

  #at(path: string): Blob | ByteRanges {
    const file = this.#find(path)
    if (file) return file
    // The same cause as for a file missing on a disk, so that callers treat a missing config.json as optional.
    const cause = Object.assign(new Error(path), { code: 'ENOENT' })
    throw new EngineError('not-found', `${path} is not among the files; give it too`, { cause })
  }

  #find(path: string): Blob | ByteRanges | undefined {
    const name = path.slice(folder.length + 1)
    return Object.hasOwn(this.#files, name) ? this.#files[name] : undefined
  }
}

async function bytesOf(file: Blob | ByteRanges, start: number, end: number): Promise<Uint8Array> {
  return 'read' in file ? file.read(start, end) : new Uint8Array(await file.slice(start, end).arrayBuffer())
}
