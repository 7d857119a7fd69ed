// Lists the files of a repository at a commit, finds its weights, and reads bytes of files. Names, sizes and hashes come from a server
// and are not trusted. Repositories hold the same weights for several frameworks, and also pictures and code.
import { listFiles, modelInfo } from '@huggingface/hub'
import { createHash, type Hash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import * as z from 'zod'
import { checkpointFormats, modelEntry, type ModelEntry } from '../../catalog/formats/checkpointFormats.ts'
import type { HubName } from '../checkpoint/hubCache.ts'
import { EngineError } from '../errors.ts'
import { ask, hubFetch, type HubSession, repeated, unreachable } from './hubFetch.ts'

export interface RemoteFile {
  /** Path as the server gives it. It must be checked before a file on this machine gets this name. */
  readonly path: string
  readonly bytes: number
  /** SHA-256 of the bytes for files in Git LFS, git's SHA-1 of a blob for other files. The cache uses it as the blob's name. */
  readonly hash: string
}

export interface HubFiles {
  readonly name: HubName
  readonly commit: string
  readonly isPrivate: boolean
  /** By path. */
  readonly files: ReadonlyMap<string, RemoteFile>
}

/** One more attempt is made for each this many bytes, since a long download may break off more often. */
const bytesPerAttempt = 64 * 2 ** 20

const size = z.int().nonnegative()
const entry = z.object({
  path: z.string(),
  size,
  oid: z.string().regex(/^[0-9a-f]{40}$/),
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size }).optional(),
})
const facts = z.object({ sha: entry.shape.oid, private: z.boolean() })

/** The commit of a revision and its top-level files, or all files with `recursive`. @throws EngineError. */
export async function hubFiles(name: HubName, session: HubSession, recursive = false): Promise<HubFiles> {
  const { repository, revision } = name
  const shared = { hubUrl: session.access.endpoint, fetch: hubFetch(name, session) }
  try {
    const info = await modelInfo({ ...shared, name: repository, revision, additionalFields: ['sha'] })
    const { sha: commit, private: isPrivate } = facts.parse(info)
    const files = new Map<string, RemoteFile>()
    for await (const item of listFiles({ ...shared, repo: repository, revision: commit, recursive })) {
      if (item?.type === 'directory') continue
      const { path, size, oid, lfs } = entry.parse(item)
      files.set(path, { path, bytes: lfs?.size ?? size, hash: lfs?.oid ?? oid })
    }
    return { name, commit, isPrivate, files }
  } catch (error) {
    throw asHubError(error, name, session)
  }
}

/** The page of a model at a revision. */
export function pageOf({ access }: HubSession, { repository, revision }: HubName): string {
  return `${access.endpoint}/${repository}${revision === 'main' ? '' : `/tree/${revision}`}`
}

export function asHubError(cause: unknown, { repository }: HubName, { access: { endpoint }, signal }: HubSession) {
  if (cause instanceof EngineError || signal?.aborted) return unreachable(cause, endpoint, signal)
  const why = `${endpoint} sends an answer that cannot be read for ${repository}; check HF_ENDPOINT, or try again later`
  return new EngineError('network', why, { cause })
}

/**
 * Gives the bytes of a file from `start` to `end` to `take` as they arrive. A download that breaks off is resumed at that byte.
 * @throws EngineError.
 */
export async function readRange(
  { name, commit }: HubFiles,
  session: HubSession,
  file: RemoteFile,
  [start, end]: readonly [number, number],
  take: (chunk: Uint8Array, at: number) => Promise<void> | void,
): Promise<void> {
  const { access, signal } = session
  const path = file.path.split('/').map(encodeURIComponent).join('/')
  const url = new URL(`${access.endpoint}/${name.repository}/resolve/${commit}/${path}`)
  let at = start
  await repeated(session, 6 + Math.floor((end - start) / bytesPerAttempt), async () => {
    if (at >= end) return
    // Compressed responses would have other sizes, and ranges would count compressed bytes.
    const headers = { 'accept-encoding': 'identity', range: `bytes=${at}-${end - 1}` }
    const { status, body } = await ask(name, session, url, { headers })
    if (status !== 206 && (at > 0 || end < file.bytes))
      throw wrongBytes(file, 'the Hub does not send the requested range')
    try {
      for await (const chunk of Readable.fromWeb(body as ReadableStream<Uint8Array>, { signal })) {
        if (at + chunk.length > end)
          throw wrongBytes(file, `the Hub sends more than the ${end - start} requested bytes`)
        await take(chunk, at)
        at += chunk.length
      }
      if (at < end) throw new Error(`it closed the connection after ${at} of ${end} bytes of ${file.path}`)
    } catch (error) {
      throw unreachable(error, url.host, signal)
    }
  })
}

/** A whole text file, verified by its hash. @throws EngineError. */
export async function readText(hub: HubFiles, session: HubSession, file: RemoteFile, maxBytes: number) {
  const why = `${file.path} of ${hub.name.repository} has ${file.bytes} bytes, more than such a file ever has`
  if (file.bytes > maxBytes) throw new EngineError('bad-checkpoint', `${why}; choose another model`)
  const bytes = new Uint8Array(file.bytes)
  await readRange(hub, session, file, [0, file.bytes], (chunk, at) => bytes.set(chunk, at))
  if (emptyHash(file).update(bytes).digest('hex') !== file.hash) throw wrongBytes(file)
  return new TextDecoder().decode(bytes)
}

/** Error for bytes that do not match the announced file. */
export function wrongBytes({ path }: RemoteFile, why = 'its hash is not the one that the Hub announces'): EngineError {
  const reason = 'wrong-bytes'
  return new EngineError('network', `${path}: ${why}; try again, and check HF_ENDPOINT if this repeats`, { reason })
}

/** A hash to update with the file's bytes. Git's SHA-1 begins with a header. */
export function emptyHash({ hash, bytes }: Pick<RemoteFile, 'hash' | 'bytes'>): Hash {
  return hash.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`)
}

/** The weight file or the index of the model: safetensors where there are some, else PyTorch's. @throws EngineError when there are no weights. */
export function weightsEntry({ files, name }: HubFiles): ModelEntry {
  const found = modelEntry([...files.keys()].filter((path) => !path.includes('/')))
  if (found) return found
  const wanted = checkpointFormats.flatMap(({ single, index }) => [single, index]).join(', ')
  throw new EngineError('bad-checkpoint', `${name.repository} has none of ${wanted}; choose a model with such weights`)
}
