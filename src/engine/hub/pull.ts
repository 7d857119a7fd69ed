// Downloads a model from the Hub into the local cache, in huggingface_hub's layout. The library's snapshotDownload is not used: it
// fetches the weights in all formats, checks no hash, restarts each file and prints to stdout.
import { constants, createReadStream } from 'node:fs'
import { link, lstat, open, stat, symlink, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { quoted } from '../../errors.ts'
import { hasControl } from '../../catalog/formats/safetensorsHeader.ts'
import { parseShardIndex } from '../../catalog/formats/shardIndex.ts'
import { forEachConcurrent } from '../../formatting/lists.ts'
import { renameOver, sameFile, temporaryBeside, writeAtomic } from '../../system/atomicFile.ts'
import { writeError } from '../../system/diskErrors.ts'
import { makeFolders } from '../../system/makeFolders.ts'
import { requireSpace } from '../checkpoint/outputPlace.ts'
import { hubCacheFolder, repositoryFolder, type HubName } from '../checkpoint/hubCache.ts'
import { writeAll } from '../checkpoint/shardFiles.ts'
import { EngineError, messageOf } from '../errors.ts'
import { emptyHash, hubFiles, readRange, readText, weightsEntry, wrongBytes } from './hubFiles.ts'
import type { HubFiles, RemoteFile } from './hubFiles.ts'
import type { HubSession } from './hubFetch.ts'

export interface PullOptions extends HubSession {
  readonly cache?: string
  /** `have`: bytes that are already on this machine; `total`: bytes of all files. */
  readonly onProgress?: (have: number, total: number) => void
}

type Count = (bytes: number) => void

/** Files beside the weights that SparseScope reads, or that programs need to load the result of a run. */
const companion =
  /^((generation_)?config|tokenizer(_config)?|special_tokens_map|added_tokens|vocab|chat_template|sparsescope)\.json$|^(vocab|merges)\.txt$|^(tokenizer|spiece|sentencepiece\.bpe)\.model$|^chat_template\.jinja$|^sparsescope\.mask$/

/**
 * Returns the snapshot's folder, its files, and how many of their bytes were fetched this time.
 * @throws EngineError; received parts stay in the cache, and the next pull continues from them.
 */
export async function pull(name: HubName, options: PullOptions) {
  const repository = repositoryFolder(name, options.cache ?? hubCacheFolder())
  const blobs = join(repository, 'blobs')
  await makeFolders(blobs, repository)
  const hub = await hubFiles(name, options)
  const beside = [...hub.files.values()].filter(({ path }) => companion.test(path))
  const files = [...beside, ...(await weightsOf(hub, options))]
  const fetchedBytes = await fetchAll(files, blobs, hub, options)
  // Files are placed once all blobs are complete, so that an interrupted pull leaves no snapshot that lacks files.
  const folder = join(repository, 'snapshots', hub.commit)
  await makeFolders(folder)
  // On Windows not every user may create symbolic links. A hard link or a copy reads the same.
  for (const { path, hash } of files)
    await sameFile(join(blobs, hash), join(folder, path), (place) =>
      symlink(join('..', '..', 'blobs', hash), place).catch(() => link(join(blobs, hash), place)),
    )
  const reference = join(repository, 'refs', name.revision)
  if (name.revision !== hub.commit) {
    await makeFolders(dirname(reference))
    await writeAtomic(reference, [hub.commit], temporaryBeside(reference))
  }
  const named = files.map(({ path, bytes }) => ({ path, bytes }))
  return { commit: hub.commit, folder, files: named, bytes: total(files), fetchedBytes }
}

/** The one file of weights, or the index and the shards that it names. @throws EngineError. */
async function weightsOf(hub: HubFiles, session: HubSession): Promise<RemoteFile[]> {
  const { entry, kind, format } = weightsEntry(hub)
  const first = plainFile(hub, entry)
  if (kind === 'single') return [first]
  const text = await readText(hub, session, first, 2 ** 28)
  try {
    return [first, ...parseShardIndex(text, format).shards.map((name) => plainFile(hub, name))]
  } catch (error) {
    const why = `${entry} of ${hub.name.repository}: ${messageOf(error)}`
    throw new EngineError('bad-checkpoint', why, { cause: error })
  }
}

/** The top-level file `name`. @throws EngineError unless it is a plain name, on Windows too: no drive, stream or control character. */
function plainFile({ files }: HubFiles, name: string): RemoteFile {
  const file = files.get(name)
  if (file && !/^\.{0,2}$|[\\/:]/.test(name) && !hasControl(name)) return file
  throw new EngineError('bad-checkpoint', `${quoted(name)} is missing or no plain file name; choose another model`)
}

/** Fetches the missing blobs, a few at a time. The first failure stops the others. Returns the number of bytes fetched. */
async function fetchAll(files: readonly RemoteFile[], blobs: string, hub: HubFiles, options: PullOptions) {
  const distinct = [...new Map(files.map((file) => [file.hash, file])).values()]
  let have = 0
  const bytesAt = async (path: string) => (await stat(path).catch(() => null))?.size ?? 0
  const missing: RemoteFile[] = []
  for (const file of distinct) {
    const blob = join(blobs, file.hash)
    // An older program or a disk error may have left other bytes under this name.
    const isThere =
      (await bytesAt(blob)) === file.bytes &&
      (await hashSoFar(createReadStream(blob), file)).hash.digest('hex') === file.hash
    if (!isThere) missing.push(file)
    const partial = isThere ? file.bytes : await bytesAt(`${blob}.incomplete`)
    have += partial <= file.bytes ? partial : 0
  }
  const all = total(distinct)
  const fetched = all - have
  await requireSpace([{ folder: blobs, bytes: fetched, what: hub.name.repository }])
  const ended = new AbortController()
  const signal = AbortSignal.any([ended.signal, ...(options.signal ? [options.signal] : [])])
  const count = (bytes: number) => options.onProgress?.((have += bytes), all)
  const fetchOne = (file: RemoteFile) => fetchBlob(join(blobs, file.hash), file, hub, { ...options, signal }, count)
  // One connection rarely uses the whole bandwidth.
  await forEachConcurrent(missing, 4, fetchOne).finally(() => ended.abort())
  return fetched
}

const ownOnly = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0)

/** Fetches the missing part of a file into `<hash>.incomplete`, which is renamed only if its bytes have the announced hash. */
async function fetchBlob(blob: string, file: RemoteFile, hub: HubFiles, session: HubSession, count: Count) {
  const partial = `${blob}.incomplete`
  try {
    const facts = await lstat(partial).catch(() => null)
    // Writing into a link would change another file, and reading a pipe never ends. A file that is too long is no part of this one.
    if (facts && !(facts.isFile() && facts.nlink === 1 && facts.size <= file.bytes)) await unlink(partial)
    const handle = await open(partial, ownOnly)
    try {
      const { hash, bytes } = await hashSoFar(handle.createReadStream({ autoClose: false, start: 0 }), file)
      await readRange(hub, session, file, [bytes, file.bytes], async (chunk, at) => {
        hash.update(chunk)
        await writeAll(handle, chunk, at).catch((error: unknown) => {
          throw writeError(error, partial)
        })
        count(chunk.length)
      })
      if (bytes > file.bytes || hash.digest('hex') !== file.hash) throw wrongBytes(file)
      await handle.sync()
    } finally {
      await handle.close()
    }
    // If the partial file is gone but the blob exists, another process has pulled the same file.
    await renameOver(partial, blob).catch((error: unknown) => stat(blob).catch(() => Promise.reject(error)))
  } catch (error) {
    // A download cannot continue from wrong bytes.
    if (error instanceof EngineError && error.reason === 'wrong-bytes') await unlink(partial).catch(() => undefined)
    throw writeError(error, partial)
  }
}

/** The hash and the number of the bytes already present. */
async function hashSoFar(stream: AsyncIterable<Buffer>, file: RemoteFile) {
  const hash = emptyHash(file)
  let bytes = 0
  for await (const chunk of stream) {
    hash.update(chunk)
    bytes += chunk.length
  }
  return { hash, bytes }
}

function total(files: readonly RemoteFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}
