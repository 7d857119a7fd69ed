// An opened checkpoint: names, types, shapes and places of all tensors, and reads of any byte range of them.
// Opening reads headers only; nothing here ever holds a whole file.
import type { SafetensorsDtype } from '../../shared/format/dtypes.ts'
import { quoted } from '../../shared/format/formatError.ts'
import { EngineError } from '../errors.ts'
import { FilePool } from './filePool.ts'
import { locate, resolveShard, type Located } from './locate.ts'
import { readConfig } from './modelConfigFile.ts'
import { readHeader, type FileHeader } from './readHeader.ts'
import { readIndex } from './readIndex.ts'

export interface TensorEntry {
  readonly name: string
  readonly dtype: SafetensorsDtype
  readonly shape: readonly number[]
  /** Relative to the checkpoint's folder. */
  readonly file: string
  /** First byte in the file. */
  readonly start: number
  readonly bytes: number
}

export interface CheckpointFile {
  /** Relative to the checkpoint's folder. */
  readonly name: string
  readonly path: string
  readonly bytes: number
  readonly metadata: ReadonlyMap<string, string>
}

export interface Checkpoint {
  /** As given: folder, index or file. */
  readonly path: string
  /** Where config.json, tokenizer.json and the weights are. */
  readonly folder: string
  readonly files: readonly CheckpointFile[]
  /** By name, file after file, in the order of the headers. */
  readonly tensors: ReadonlyMap<string, TensorEntry>
  /** `__metadata__` of all files; of equal keys the first file's value counts. */
  readonly metadata: ReadonlyMap<string, string>
  /** `metadata` of the index, null for a single file. */
  readonly indexMetadata: unknown
  /** config.json as parsed, null when there is none. */
  readonly config: unknown
  /** Bytes read from the weight files so far, headers included. */
  bytesRead(): number
  /** A whole tensor's bytes, as stored. @throws EngineError when there is no such tensor. */
  read(name: string): Promise<Uint8Array<ArrayBuffer>>
  /** Bytes [start, end) of a tensor. */
  readRange(name: string, start: number, end: number): Promise<Uint8Array<ArrayBuffer>>
  /** Fills `target` from byte `start` of a tensor. */
  readInto(name: string, start: number, target: Uint8Array): Promise<void>
  close(): Promise<void>
}

/** Headers read at a time: enough to hide the latency of network disks. */
const parallelHeaders = 8

/**
 * Opens a Hugging Face folder, a `*.safetensors.index.json` or one `.safetensors` file.
 * @throws EngineError 'not-found', or 'bad-checkpoint' with one sentence on what is wrong and how to mend it.
 */
export async function openCheckpoint(path: string): Promise<Checkpoint> {
  const located = await locate(path)
  const pool = new FilePool()
  try {
    const config = await readConfig(located.folder)
    const { headers, indexMetadata } = await readHeaders(pool, located)
    return createCheckpoint({ path, folder: located.folder, pool, headers, indexMetadata, config })
  } catch (error) {
    await pool.close()
    throw error
  }
}

interface NamedHeader extends FileHeader {
  readonly name: string
  readonly path: string
}

async function readHeaders(
  pool: FilePool,
  { folder, kind, entry }: Located,
): Promise<{ headers: NamedHeader[]; indexMetadata: unknown }> {
  if (kind === 'single') {
    const path = `${folder}/${entry}`
    return { headers: [{ ...(await readHeader(pool, path)), name: entry, path }], indexMetadata: null }
  }
  const indexPath = `${folder}/${entry}`
  const index = await readIndex(indexPath)
  const headers: NamedHeader[] = []
  for (let i = 0; i < index.shards.length; i += parallelHeaders) {
    const some = index.shards.slice(i, i + parallelHeaders).map(async (name) => {
      const shardPath = await resolveShard(folder, name)
      return { ...(await readHeader(pool, shardPath)), name, path: shardPath }
    })
    // All come to an end before an error is thrown: the pool is closed after it, and nobody may open a file then.
    for (const result of await Promise.allSettled(some)) {
      if (result.status === 'rejected') throw result.reason
      headers.push(result.value)
    }
  }
  checkAgainstIndex(indexPath, index.weightMap, headers)
  return { headers, indexMetadata: index.metadata }
}

/** The index and the shards must tell the same story, or a tensor would be read from the wrong place. */
function checkAgainstIndex(
  indexPath: string,
  weightMap: ReadonlyMap<string, string>,
  headers: readonly NamedHeader[],
): void {
  const complain = (message: string): never => {
    throw new EngineError('bad-checkpoint', `${indexPath}: ${message}; get the index and the shards from one source`)
  }
  const holder = new Map<string, string>()
  for (const { name: file, tensors } of headers) {
    for (const { name } of tensors) {
      const other = holder.get(name)
      if (other !== undefined) complain(`${quoted(name)} is in two shards, ${other} and ${file}`)
      holder.set(name, file)
      const said = weightMap.get(name)
      if (said === undefined) complain(`${quoted(name)} is in shard ${file} but not in the index`)
    }
  }
  for (const [name, file] of weightMap) {
    const actual = holder.get(name)
    if (actual === undefined) complain(`${quoted(name)} should be in shard ${file}, which does not have it`)
    if (actual !== file) complain(`${quoted(name)} should be in shard ${file}, but is in ${actual}`)
  }
}

function createCheckpoint(parts: {
  path: string
  folder: string
  pool: FilePool
  headers: readonly NamedHeader[]
  indexMetadata: unknown
  config: unknown
}): Checkpoint {
  const { path, folder, pool, headers, indexMetadata, config } = parts
  const tensors = new Map<string, TensorEntry>()
  const paths = new Map<string, string>()
  const metadata = new Map<string, string>()
  for (const header of headers) {
    paths.set(header.name, header.path)
    for (const { name, dtype, shape, start, end } of header.tensors) {
      const place = { file: header.name, start: header.dataStart + start, bytes: end - start }
      tensors.set(name, { name, dtype, shape, ...place })
    }
    for (const [key, value] of header.metadata) if (!metadata.has(key)) metadata.set(key, value)
  }

  async function readInto(name: string, start: number, target: Uint8Array): Promise<void> {
    const entry = entryOf(tensors, name, path)
    if (start < 0 || start + target.length > entry.bytes) {
      throw new EngineError(
        'internal',
        `read of ${start} + ${target.length} bytes of ${name}, which has ${entry.bytes}`,
      )
    }
    await pool.read(paths.get(entry.file) ?? entry.file, entry.start + start, target)
  }
  async function readRange(name: string, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    const target = new Uint8Array(end - start)
    await readInto(name, start, target)
    return target
  }
  return {
    path,
    folder,
    files: headers.map((h) => ({ name: h.name, path: h.path, bytes: h.bytes, metadata: h.metadata })),
    tensors,
    metadata,
    indexMetadata,
    config,
    bytesRead: () => pool.bytesRead,
    read: async (name) => readRange(name, 0, entryOf(tensors, name, path).bytes),
    readRange,
    readInto,
    close: () => pool.close(),
  }
}

function entryOf(tensors: ReadonlyMap<string, TensorEntry>, name: string, path: string): TensorEntry {
  const entry = tensors.get(name)
  if (entry) return entry
  throw new EngineError('bad-checkpoint', `${path} has no tensor ${quoted(name)}; is config.json from another model?`)
}
