// Downloads a model of the Hub into its cache on this machine, laid out as huggingface_hub does. The library's snapshotDownload fetches all
// formats of the weights, checks no hash, restarts each file and prints to stdout, so files are fetched and placed here.
import { constants, type Stats } from 'node:fs'
import { link, lstat, mkdir, open, symlink, unlink, type FileHandle } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { FormatError } from '../../errors.ts'
import { parseShardIndex } from '../../catalog/formats/shardIndex.ts'
import { forEachConcurrent } from '../../formatting/lists.ts'
import { renameOver, sameFile, temporaryBeside, writeAtomic } from '../../system/atomicFile.ts'
import { errnoOf, writeError } from '../../system/diskErrors.ts'
import { makeFolders } from '../../system/makeFolders.ts'
import { requireSpace } from '../checkpoint/diskSpace.ts'
import { hubCacheFolder, repositoryFolder, type HubName } from '../checkpoint/hubCache.ts'
import { openRegular } from '../checkpoint/regularFile.ts'
import { writeAll } from '../checkpoint/shardFiles.ts'
import { readSmallFile } from '../checkpoint/smallFile.ts'
import { EngineError, throwIfCancelled } from '../errors.ts'
import {
  besideWeights,
  emptyHash,
  hubFiles,
  type HubFiles,
  readRange,
  readText,
  type RemoteFile,
  weightFiles,
  weightsEntry,
  wrongBytes,
  wrongHash,
} from './hubFiles.ts'
import type { HubSession } from './hubFetch.ts'

export interface PullOptions extends Omit<HubSession, 'onBytes'> {
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

/** @throws EngineError; received parts stay in the cache, and the next pull continues from them. */
export async function pull(name: HubName, options: PullOptions): Promise<Pulled> {
  const { cache = hubCacheFolder() } = options
  const repository = repositoryFolder(name, cache)
  const blobs = join(repository, 'blobs')
  await makeFolders(blobs, repository).catch((error: unknown) => {
    if (!(error instanceof EngineError)) throw error
    throw new EngineError(error.code, `${error.message}, with HF_HUB_CACHE or HF_HOME`, { cause: error })
  })
  const hub = await hubFiles(name, options, false)
  const files = [...besideWeights(hub.files), ...(await weightsOf(hub, options))]
  const fetchedBytes = await fetchAll(files, blobs, hub, options)
  // Placed when all blobs are whole: a pull that was stopped leaves no snapshot that lacks files.
  const folder = join(repository, 'snapshots', hub.commit)
  for (const { path, hash } of files) await pointTo(join(blobs, hash), join(folder, path))
  if (name.revision !== hub.commit) await placeReference(join(repository, 'refs', name.revision), hub.commit)
  const named = files.map(({ path, bytes }) => ({ path, bytes }))
  return { commit: hub.commit, folder, files: named, bytes: total(files), fetchedBytes }
}

/** The one file of weights, or the index and the shards that it names. */
async function weightsOf(hub: HubFiles, session: HubSession): Promise<RemoteFile[]> {
  const found = weightsEntry(hub.files, hub.name.repository)
  const [first] = weightFiles([found.entry], hub.files)
  if (found.kind === 'single') return [first]
  const text = await readText(hub, session, first, mostIndexBytes)
  try {
    return [first, ...weightFiles(parseShardIndex(text, found.format).shards, hub.files)]
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    const why = `${first.path} of ${hub.name.repository}: ${error.message}`
    throw new EngineError('bad-checkpoint', why, { cause: error })
  }
}

/** Fetches the blobs that are not there, a few at a time; the first that fails stops the others. Returns the bytes that came. */
async function fetchAll(files: readonly RemoteFile[], blobs: string, hub: HubFiles, options: PullOptions) {
  const distinct = [...new Map(files.map((file) => [file.hash, file])).values()]
  const missing: RemoteFile[] = []
  let have = 0
  for (const file of distinct)
    if (await blobIsWhole(blobs, file, options.signal)) have += file.bytes
    else missing.push(file)
  const all = total(distinct)
  const partial = await Promise.all(missing.map((file) => lstat(partialOf(blobs, file)).catch(() => null)))
  const before = partial.reduce((sum, facts) => sum + (facts && isOwn(facts) ? facts.size : 0), have)
  await requireSpace([{ folder: blobs, bytes: all - before, what: hub.name.repository }])
  const failed = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal
  const onBytes = (bytes: number) => options.onProgress?.((have += bytes), all)
  await forEachConcurrent(missing, lanes, async (file) => {
    if (!failed.signal.aborted)
      await fetchBlob(blobs, file, hub, { ...options, signal, onBytes }).catch((error) => failed.abort(error))
  })
  if (failed.signal.aborted) throw failed.signal.reason
  options.onProgress?.(all, all)
  return all - before
}

/** Fetches what is missing of a file into `<hash>.incomplete`; only bytes whose hash is the announced one get the name. */
async function fetchBlob(blobs: string, file: RemoteFile, hub: HubFiles, session: HubSession): Promise<void> {
  const partial = partialOf(blobs, file)
  try {
    const handle = await openPartial(partial)
    try {
      const { hash, bytes } = await hashSoFar(handle, file, session.signal)
      session.onBytes?.(bytes)
      await readRange(hub, session, file, [bytes, file.bytes], async (chunk, at) => {
        hash.update(chunk)
        await writeAll(handle, chunk, at).catch((error: unknown) => {
          throw writeError(error, partial)
        })
      })
      if (bytes > file.bytes || hash.digest('hex') !== file.hash) throw wrongBytes(file, wrongHash)
      await handle.sync()
      if ((await lstat(partial)).ino === (await handle.stat()).ino)
        return await renameOver(partial, join(blobs, file.hash))
    } finally {
      await handle.close()
    }
  } catch (error) {
    // Nothing can be added to what is wrong.
    if (error instanceof EngineError && error.reason === 'wrong-bytes') await unlink(partial).catch(() => undefined)
    if (errnoOf(error) !== 'ENOENT') throw writeError(error, partial)
  }
  // Another process has pulled the same file meanwhile, and has renamed or replaced this one.
  if (await blobIsWhole(blobs, file, session.signal)) return
  throw new EngineError(
    'network',
    `${file.path}: another process is fetching it; pull again when that process has ended`,
  )
}

function partialOf(blobs: string, { hash }: RemoteFile): string {
  return join(blobs, `${hash}.incomplete`)
}

/** A plain file with one name: what is written into a link shows elsewhere, and a pipe never ends. */
function isOwn(facts: Stats): boolean {
  return facts.isFile() && facts.nlink <= 1
}

const ownOnly = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** Opens a partial file to continue; anything but our own file is removed. */
async function openPartial(path: string): Promise<FileHandle> {
  const facts = await lstat(path).catch(() => null)
  if (facts && !isOwn(facts)) await unlink(path)
  const handle = await open(path, ownOnly, 0o666)
  if (isOwn(await handle.stat())) return handle
  await handle.close()
  throw new EngineError('disk', `${path} is a link or not a regular file; remove it and pull again`)
}

/** That the blob is there, by its hash: an older program, or a disk, may have left other bytes under the name. */
async function blobIsWhole(blobs: string, file: RemoteFile, signal: AbortSignal | undefined): Promise<boolean> {
  const handle = await openRegular(join(blobs, file.hash)).catch(() => null)
  if (!handle) return false
  try {
    const { hash, bytes } = await hashSoFar(handle, file, signal)
    return bytes === file.bytes && hash.digest('hex') === file.hash
  } finally {
    await handle.close()
  }
}

/** The hash and the number of the bytes that are there. */
async function hashSoFar(handle: FileHandle, file: RemoteFile, signal: AbortSignal | undefined) {
  const hash = emptyHash(file)
  let bytes = 0
  for await (const chunk of handle.createReadStream({ autoClose: false, highWaterMark: 2 ** 20 })) {
    throwIfCancelled(signal)
    hash.update(chunk as Buffer)
    bytes += (chunk as Buffer).length
  }
  return { hash, bytes }
}

/** Windows lets not everybody make symbolic links; a hard link or a copy reads the same. */
async function pointTo(blob: string, place: string): Promise<void> {
  try {
    await mkdir(dirname(place), { recursive: true })
    await sameFile(blob, place, (path) => symlink(relative(dirname(place), blob), path).catch(() => link(blob, path)))
  } catch (error) {
    throw writeError(error, place)
  }
}

async function placeReference(path: string, commit: string): Promise<void> {
  if ((await readSmallFile(path, 200).catch(() => null)) === commit) return
  await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
    throw writeError(error, path)
  })
  await writeAtomic(path, [commit], temporaryBeside(path))
}

function total(files: readonly RemoteFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}
