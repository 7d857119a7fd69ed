// sparsescope pull: a checkpoint of the Hub into its local cache. Nothing else in the engine opens a connection.
import { join } from 'node:path'
import { FormatError } from '../../errors.ts'
import type { ModelEntry } from '../../catalog/formats/modelEntry.ts'
import { parseShardIndex } from '../../catalog/formats/shardIndex.ts'
import { requireSpace } from '../checkpoint/diskSpace.ts'
import { hubCacheFolder, hubNameText, repositoryFolder, type HubName } from '../checkpoint/hubCache.ts'
import { makeFolders } from '../../system/makeFolders.ts'
import { readSmallFile } from '../checkpoint/smallFile.ts'
import { EngineError } from '../errors.ts'
import { besideWeights, filesNamed, refuseWithoutShards, weightsEntry, type FileChoice } from './chooseFiles.ts'
import { fetchBlob, type BlobSource } from './fetchBlob.ts'
import type { HubAccess } from './hubAccess.ts'
import { repositoryFiles, type RemoteFile, type RepositoryFiles } from './repositoryFiles.ts'
import { placeSnapshot } from './snapshot.ts'
import { blobIsWhole, partialBytes } from './storedBlob.ts'

export interface PullOptions extends Pick<BlobSource, 'signal' | 'wait' | 'stallMs'> {
  readonly access: HubAccess
  readonly choice: FileChoice
  readonly cache?: string
  /** Bytes that are there by now, of all that are needed. */
  readonly onProgress?: (have: number, total: number) => void
}

export interface Pulled {
  readonly commit: string
  /** The snapshot's folder. */
  readonly folder: string
  readonly files: readonly { readonly path: string; readonly bytes: number }[]
  readonly bytes: number
  /** Bytes of these that were fetched this time. */
  readonly fetchedBytes: number
}

/** Files that come at the same time: one connection seldom fills a line. */
const lanes = 4
const mostIndexBytes = 256 * 2 ** 20

/** @throws EngineError; what has come stays in the cache, and the next pull goes on there. */
export async function pull(name: HubName, options: PullOptions): Promise<Pulled> {
  const { access, choice, signal, cache = hubCacheFolder() } = options
  const repository = repositoryFolder(name, cache)
  const blobs = join(repository, 'blobs')
  await makeFolders(blobs, repository).catch((error: unknown) => {
    if (!(error instanceof EngineError)) throw error
    throw new EngineError(error.code, `${error.message}, with HF_HUB_CACHE or HF_HOME`, { cause: error })
  })
  const recursive = choice.include.some((pattern) => pattern.includes('/'))
  const listed = await repositoryFiles(access, name, { recursive, signal, stallMs: options.stallMs })
  const entry = weightsEntry(listed.files, choice, name.repository)
  const source = { ...options, name, commit: listed.commit }
  const weights = entry ? await weightFiles(entry, listed, blobs, source) : []
  const files = uniqueByPath([...besideWeights(listed.files, choice), ...weights])
  if (files.length === 0)
    throw new EngineError('usage', `nothing of ${name.repository} is left to pull; check --weights and --exclude`)
  const fetchedBytes = await fetchAll(files, blobs, source)
  const folder = await placeSnapshot(repository, { commit: listed.commit, revision: name.revision, files })
  const bytes = total(files)
  return {
    commit: listed.commit,
    folder,
    files: files.map(({ path, bytes }) => ({ path, bytes })),
    bytes,
    fetchedBytes,
  }
}

type Source = Omit<BlobSource, 'onBytes'> & Pick<PullOptions, 'onProgress' | 'choice'>

/** The one file of weights, or the index and the shards that it names. */
async function weightFiles(
  { entry, kind, format }: ModelEntry,
  { files }: RepositoryFiles,
  blobs: string,
  source: Source,
): Promise<RemoteFile[]> {
  const { repository } = source.name
  const [first] = filesNamed([entry], files, repository)
  if (kind === 'single') return [first]
  if (first.bytes > mostIndexBytes)
    throw new EngineError(
      'bad-checkpoint',
      `${entry} of ${repository} has ${first.bytes} bytes, which no index has; choose another model`,
    )
  const unheard = { ...source, onBytes: () => undefined }
  if (!(await blobIsWhole(blobs, first, unheard))) {
    await requireSpace([{ folder: blobs, bytes: first.bytes, what: entry }])
    await fetchBlob(blobs, first, unheard)
  }
  try {
    const { shards } = parseShardIndex(await readSmallFile(join(blobs, first.hash), mostIndexBytes), format)
    refuseWithoutShards(entry, shards, source.choice)
    return [first, ...filesNamed(shards, files, repository)]
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw new EngineError('bad-checkpoint', `${entry} of ${hubNameText(source.name)}: ${error.message}`, {
      cause: error,
    })
  }
}

/** Fetches the blobs that are not there, a few at a time; the first that fails stops the others. Returns the bytes that came. */
async function fetchAll(files: readonly RemoteFile[], blobs: string, source: Source): Promise<number> {
  const distinct = [...new Map(files.map((file) => [file.hash, file])).values()]
  const have = new Map<RemoteFile, number>()
  const all = total(distinct)
  const bytesThere = () => [...have.values()].reduce((sum, bytes) => sum + bytes, 0)
  const told = (file: RemoteFile) => (bytes: number) => {
    have.set(file, bytes)
    source.onProgress?.(bytesThere(), all)
  }
  const missing: RemoteFile[] = []
  for (const file of distinct) {
    if (await blobIsWhole(blobs, file, { ...source, onBytes: told(file) })) continue
    missing.push(file)
    have.set(file, await partialBytes(blobs, file))
  }
  const before = bytesThere()
  await requireSpace([{ folder: blobs, bytes: all - before, what: source.name.repository }])
  const failed = new AbortController()
  const signal = source.signal ? AbortSignal.any([source.signal, failed.signal]) : failed.signal
  const waiting = missing.values()
  let first: unknown = null
  const lane = async () => {
    for (const file of waiting) {
      if (failed.signal.aborted) return
      await fetchBlob(blobs, file, { ...source, signal, onBytes: told(file) })
    }
  }
  const ends = Array.from({ length: lanes }, () =>
    lane().catch((error: unknown) => {
      first ??= error
      failed.abort()
    }),
  )
  await Promise.all(ends)
  if (first !== null) throw first
  return all - before
}

function total(files: readonly RemoteFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}

function uniqueByPath(files: readonly RemoteFile[]): RemoteFile[] {
  return [...new Map(files.map((file) => [file.path, file])).values()]
}
