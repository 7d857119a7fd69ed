// The headers of all files of a checkpoint, checked against its index. The caller decides what a problem means: a
// run refuses the checkpoint, the inspector continues with the rest of it.
import { groupedBy } from '../../formatting/lists.ts'
import {
  type CheckpointFormat,
  formatOf,
  safetensors,
  ggufParts,
  ggufRemedy,
  isGguf,
} from '../../catalog/formats/checkpointFormats.ts'
import { FormatError, quoted } from '../../errors.ts'
import {
  headerLength,
  parseHeader,
  prefixBytes,
  refuseUnknown,
  type SafetensorsHeader,
} from '../../catalog/formats/safetensorsHeader.ts'
import { parseShardIndex, type ShardIndex } from '../../catalog/formats/shardIndex.ts'
import { EngineError } from '../errors.ts'
import type { WeightFiles, FileHeader, FilePlace, PlacedTensor } from './fileHeader.ts'
import type { Located } from './locate.ts'
import { foldBitmasks } from './bitmask/foldBitmasks.ts'
import { readGgufFile } from './gguf/readGgufFile.ts'
import { readTorchHeader } from './torch/readTorchHeader.ts'

/** Why a file, or what an index says of it, cannot be used. */
export interface FileProblem {
  readonly path: string
  readonly error: EngineError
  /** Tensors that are missing because of the problem. */
  readonly tensors: readonly string[]
}

interface HeaderOptions {
  /** Set for inspection only: unknown element types are then listed instead of refused. */
  readonly unknown: 'list' | 'refuse'
  /** Throws or records the problem. */
  readonly onProblem: (problem: FileProblem) => void
}

/** Headers read at a time: enough to hide the latency of network disks. */
const parallelHeaders = 8

/** If the checkpoint is a single file, its problem is thrown, since there is nothing else to read. */
export async function readHeaders(
  pool: WeightFiles,
  { folder, kind, entry }: Located,
  { unknown, onProblem }: HeaderOptions,
): Promise<{ headers: readonly FileHeader[]; indexMetadata: unknown }> {
  const fold = (headers: readonly FileHeader[]) =>
    foldBitmasks(pool, headers, (path, { message, reason }) => {
      const error = new EngineError('bad-checkpoint', `${path}: ${message}`, { reason })
      onProblem({ path, error, tensors: [] })
    })
  const entryPath = `${folder}/${entry}`
  const read = async (path: string) => {
    if (unknown === 'refuse') await inFile(path, () => refuseGguf(path))
    const header = await readHeader(pool, path)
    if (unknown === 'refuse') await inFile(path, () => refuseUnknown(header))
    return header
  }
  if (kind === 'single' && ggufParts(entry).length > 1)
    return {
      headers: await readParts({ folder, entry }, read, pool.shardPath.bind(pool), onProblem),
      indexMetadata: null,
    }
  if (kind === 'single') {
    const headers = await fold([{ ...(await read(entryPath)), name: entry, path: entryPath }])
    return { headers, indexMetadata: null }
  }
  const index = await readIndex(pool, entryPath)
  const headers: FileHeader[] = []
  const unread = new Set<string>()
  let byFile: ReadonlyMap<string | undefined, readonly string[]> | null = null
  for (let i = 0; i < index.shards.length; i += parallelHeaders) {
    const names = index.shards.slice(i, i + parallelHeaders)
    const some = names.map(async (name) => {
      const path = await pool.shardPath(folder, name)
      return { ...(await read(path)), name, path }
    })
    // All reads finish before an error is thrown: the caller then closes the pool, and no file may be opened after that.
    for (const [at, result] of (await Promise.allSettled(some)).entries()) {
      if (result.status === 'fulfilled') headers.push(result.value)
      else if (result.reason instanceof EngineError) {
        const name = names[at]
        unread.add(name)
        byFile ??= groupedBy(index.weightMap.keys(), (tensor) => index.weightMap.get(tensor))
        onProblem({ path: `${folder}/${name}`, error: result.reason, tensors: byFile.get(name) ?? [] })
      } else throw result.reason
    }
  }
  checkAgainstIndex(index.weightMap, headers, unread, (message) => {
    const text = `${entryPath}: ${message}; get the index and the shards from one source`
    onProblem({ path: entryPath, error: new EngineError('bad-checkpoint', text), tensors: [] })
  })
  return { headers: await fold(headers), indexMetadata: index.metadata }
}

/** @throws FormatError that says what to do instead. */
function refuseGguf(path: string): void {
  if (isGguf(path)) throw new FormatError(`it is a GGUF file: ${ggufRemedy}`, 'refused')
}

/** Reads the files of a split GGUF. There is no index: the files are found by the numbers in their names. */
async function readParts(
  { folder, entry }: Pick<Located, 'folder' | 'entry'>,
  read: (path: string) => Promise<Omit<FileHeader, 'name' | 'path'>>,
  shardPath: WeightFiles['shardPath'],
  onProblem: HeaderOptions['onProblem'],
): Promise<FileHeader[]> {
  const headers: FileHeader[] = []
  const holder = new Map<string, string>()
  for (const name of ggufParts(entry)) {
    const path = `${folder}/${name}`
    try {
      const header = await read(await shardPath(folder, name))
      for (const tensor of [...header.tensors, ...header.unknown]) {
        const other = holder.get(tensor.name)
        if (other !== undefined) throw twice(path, tensor.name, other)
        holder.set(tensor.name, name)
      }
      headers.push({ ...header, name, path })
    } catch (error) {
      if (!(error instanceof EngineError)) throw error
      onProblem({ path, error, tensors: [] })
    }
  }
  return headers
}

function twice(path: string, tensor: string, other: string): EngineError {
  const text = `${path}: ${quoted(tensor)} is in ${other} too; get the files of the model from one source`
  return new EngineError('bad-checkpoint', text)
}

/** The index and the shards must agree, or a tensor would be read from the wrong place. */
function checkAgainstIndex(
  weightMap: ReadonlyMap<string, string>,
  headers: readonly FileHeader[],
  unread: ReadonlySet<string>,
  complain: (message: string) => void,
): void {
  const holder = new Map<string, string>()
  for (const { name: file, tensors, unknown } of headers) {
    for (const { name } of [...tensors, ...unknown]) {
      const other = holder.get(name)
      if (other !== undefined) complain(`${quoted(name)} is in two shards, ${other} and ${file}`)
      holder.set(name, file)
      if (!weightMap.has(name)) complain(`${quoted(name)} is in shard ${file} but not in the index`)
    }
  }
  for (const [name, file] of weightMap) {
    if (unread.has(file)) continue
    const actual = holder.get(name)
    if (actual === undefined) complain(`${quoted(name)} should be in shard ${file}, which does not have it`)
    else if (actual !== file) complain(`${quoted(name)} should be in shard ${file}, but is in ${actual}`)
  }
}

/** Real indexes of half a million tensors have 60 MB; a larger file is not an index. */
const maxIndexBytes = 256 * 2 ** 20

/** @throws EngineError 'bad-checkpoint' that names the file. */
async function readIndex(pool: WeightFiles, path: string): Promise<ShardIndex> {
  const text = await pool.readText(path, maxIndexBytes)
  return inFile(path, () => parseShardIndex(text, formatOf(path) ?? safetensors))
}

/** What a file holds, in the form of a safetensors header. */
type ReadHeader = Omit<SafetensorsHeader, 'tensors'> & { readonly tensors: readonly PlacedTensor[] }

type HeaderReader = (pool: WeightFiles, path: string, fileBytes: number) => Promise<ReadHeader & { dataStart: number }>

const readers: Readonly<Record<CheckpointFormat['id'] | 'gguf', HeaderReader>> = {
  gguf: readGgufFile,
  safetensors: readSafetensorsHeader,
  torch: readTorchHeader,
}

/** Reads one file's header, with a few small reads whatever the file's size. @throws EngineError 'bad-checkpoint' that names the file. */
async function readHeader(pool: WeightFiles, path: string): Promise<ReadHeader & FilePlace> {
  const bytes = await pool.sizeOf(path)
  const read = readers[isGguf(path) ? 'gguf' : (formatOf(path)?.id ?? 'safetensors')]
  return inFile(path, async () => ({ ...(await read(pool, path, bytes)), bytes }))
}

async function readSafetensorsHeader(pool: WeightFiles, path: string, fileBytes: number) {
  const prefix = new Uint8Array(Math.min(prefixBytes, fileBytes))
  await pool.read(path, 0, prefix)
  const length = headerLength(prefix, fileBytes)
  const json = new Uint8Array(length)
  await pool.read(path, prefixBytes, json)
  const dataStart = prefixBytes + length
  return { ...parseHeader(json, fileBytes - dataStart), dataStart }
}

/** Runs a parser; its FormatErrors become 'bad-checkpoint' with the file's name in front. */
export async function inFile<T>(path: string, parse: () => T | Promise<T>): Promise<T> {
  try {
    return await parse()
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    const { message, reason } = error
    throw new EngineError('bad-checkpoint', `${path}: ${message}`, { cause: error, reason })
  }
}
