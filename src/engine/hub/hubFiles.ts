// The files of a repository at a commit, those that a checkpoint needs, and their bytes. Names, sizes and hashes come from a server and
// are not trusted. Repositories hold the same weights for several frameworks, and pictures and code besides.
import { listFiles, modelInfo } from '@huggingface/hub'
import { createHash, type Hash } from 'node:crypto'
import * as z from 'zod'
import type { HubName } from '../checkpoint/hubCache.ts'
import { EngineError } from '../errors.ts'
import { exchange, hubFetch, type HubSession, repeated } from './hubFetch.ts'
import { checkpointFormats, modelEntry, type ModelEntry } from '../../catalog/formats/checkpointFormats.ts'
import { quoted } from '../../errors.ts'
import { hasControl } from '../../catalog/formats/safetensorsHeader.ts'

export interface RemoteFile {
  /** Path as the server gives it; it must be checked before anything is named by it. */
  readonly path: string
  readonly bytes: number
  /** SHA-256 of the bytes of files in Git LFS, git's SHA-1 of a blob for others. The cache names blobs by it. */
  readonly hash: string
}

export interface HubFiles {
  readonly name: HubName
  readonly commit: string
  readonly isPrivate: boolean
  /** By path. */
  readonly files: ReadonlyMap<string, RemoteFile>
}

const mostFiles = 100_000
/** Most pages of a thousand files each: a server may send empty ones for ever. */
const mostAnswers = 200
/** A long file may break more often. */
const bytesPerAttempt = 64 * 2 ** 20

const size = z.int().nonnegative()
const entry = z.object({
  path: z.string(),
  size,
  oid: z.string().regex(/^[0-9a-f]{40}$/),
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size }).optional(),
})
const facts = z.object({ sha: entry.shape.oid, private: z.boolean() })

/** The commit of a revision and its uppermost files, or all with `recursive`. @throws EngineError. */
export async function hubFiles(name: HubName, session: HubSession, recursive: boolean): Promise<HubFiles> {
  const { repository, revision } = name
  const ask = hubFetch(name, session)
  let answers = 0
  const counted: typeof fetch = (...call) => {
    if (++answers > mostAnswers) throw strange(name, session, `more than ${mostAnswers} pages of files`)
    return ask(...call)
  }
  const shared = { hubUrl: session.access.endpoint, fetch: counted }
  try {
    const info = await modelInfo({ ...shared, name: repository, revision, additionalFields: ['sha'] })
    const { sha: commit, private: isPrivate } = facts.parse(info)
    const files = new Map<string, RemoteFile>()
    for await (const item of listFiles({ ...shared, repo: repository, revision: commit, recursive })) {
      if (files.size >= mostFiles) throw strange(name, session, `a list of more than ${mostFiles} files`)
      if (item?.type === 'directory') continue
      const { path, size, oid, lfs } = entry.parse(item)
      files.set(path, { path, bytes: lfs?.size ?? size, hash: lfs?.oid ?? oid })
    }
    return { name, commit, isPrivate, files }
  } catch (error) {
    throw error instanceof EngineError ? error : strange(name, session, 'an answer that cannot be read', error)
  }
}

export function strange(name: HubName, { access }: HubSession, what: string, cause?: unknown): EngineError {
  const why = `${access.endpoint} sends ${what} for ${name.repository}; check HF_ENDPOINT, or try again later`
  return new EngineError('network', why, { cause })
}

/**
 * Gives the bytes of a file from `start` to `end` to `take`, as they come. A connection that breaks is taken up where it broke.
 * @throws EngineError.
 */
export async function readRange(
  { name, commit }: HubFiles,
  session: HubSession,
  file: RemoteFile,
  [start, end]: readonly [number, number],
  take: (chunk: Uint8Array, at: number) => Promise<void> | void,
): Promise<void> {
  const path = file.path.split('/').map(encodeURIComponent).join('/')
  const url = new URL(`${session.access.endpoint}/${name.repository}/resolve/${commit}/${path}`)
  let at = start
  const goOn = async () => {
    if (at >= end) return
    // Packed answers would have other sizes, and ranges of something else.
    const headers = { 'accept-encoding': 'identity', range: `bytes=${at}-${end - 1}` }
    await exchange(name, session, url, { headers }, async ({ status, headers }, chunks) => {
      const isPart = status === 206 && headers.get('content-range')?.startsWith(`bytes ${at}-${end - 1}/`)
      if (!isPart && (status === 206 || at > 0 || end < file.bytes))
        throw wrongBytes(file, 'the Hub does not send the requested range')
      for await (const chunk of chunks) {
        if (at + chunk.length > end)
          throw wrongBytes(file, `the Hub sends more than the ${end - start} requested bytes`)
        await take(chunk, at)
        at += chunk.length
        session.onBytes?.(chunk.length)
      }
    })
    if (at < end)
      throw new EngineError(
        'network',
        `${url.host} closed the connection after ${at} of ${end} bytes of ${file.path}; try again`,
      )
  }
  await repeated(session, 6 + Math.floor((end - start) / bytesPerAttempt), goOn)
}

/** A whole text, checked by its hash. @throws EngineError. */
export async function readText(
  hub: HubFiles,
  session: HubSession,
  file: RemoteFile,
  maxBytes: number,
): Promise<string> {
  const bad = (why: string, cause?: unknown) =>
    new EngineError('bad-checkpoint', `${file.path} of ${hub.name.repository} ${why}; choose another model`, { cause })
  if (file.bytes > maxBytes) throw bad(`has ${file.bytes} bytes, more than such a file ever has (${maxBytes})`)
  const bytes = new Uint8Array(file.bytes)
  await readRange(hub, session, file, [0, file.bytes], (chunk, at) => bytes.set(chunk, at))
  if (emptyHash(file).update(bytes).digest('hex') !== file.hash) throw wrongBytes(file, wrongHash)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw bad('is not UTF-8 text', error)
  }
}

export const wrongHash = 'its hash is not the one that the Hub announces'

/** Error for bytes that are not those of the file. */
export function wrongBytes({ path }: RemoteFile, why: string): EngineError {
  return new EngineError('network', `${path}: ${why}; try again, and check HF_ENDPOINT if this repeats`, {
    reason: 'wrong-bytes',
  })
}

/** Git counts its own header in. */
export function emptyHash({ hash, bytes }: Pick<RemoteFile, 'hash' | 'bytes'>): Hash {
  return hash.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`)
}

/** Files that SparseScope reads beside the weights, or what loads the result of a run. */
const companion =
  /^((generation_)?config|tokenizer(_config)?|special_tokens_map|added_tokens|vocab|chat_template|sparsescope)\.json$|^(vocab|merges)\.txt$|^(tokenizer|spiece|sentencepiece\.bpe)\.model$|^chat_template\.jinja$|^sparsescope\.mask$/

/** Config, tokenizer, chat template, and the notes of a run. */
export function besideWeights(files: ReadonlyMap<string, RemoteFile>): RemoteFile[] {
  return [...files.values()].filter(({ path }) => companion.test(path))
}

/** The weight file or the index of the model: safetensors where there are some, else PyTorch's. @throws EngineError when there are no weights. */
export function weightsEntry(files: ReadonlyMap<string, RemoteFile>, model: string): ModelEntry {
  const entry = modelEntry([...files.keys()].filter((path) => !path.includes('/')))
  if (entry) return entry
  const wanted = checkpointFormats.flatMap(({ single, index }) => [single, index]).join(', ')
  throw new EngineError('bad-checkpoint', `${model} has none of ${wanted}; choose a model with such weights`)
}

/** Files of weights by name. @throws EngineError when one is not there, or its name leads elsewhere. */
export function weightFiles(names: readonly string[], files: ReadonlyMap<string, RemoteFile>): RemoteFile[] {
  return names.map((name) => {
    const file = files.get(name)
    if (!file)
      throw new EngineError(
        'bad-checkpoint',
        `the index names ${quoted(name)}, which is missing; report this to its authors`,
      )
    if (isPlain(name)) return file
    throw new EngineError(
      'bad-checkpoint',
      `${quoted(name)} is not a plain file name, and nothing was fetched; choose another model`,
    )
  })
}

/** Whether it is a file's name in a folder, on Windows too: no other folder, drive, stream or control character. */
function isPlain(name: string): boolean {
  return !/^\.{0,2}$|[\\/:]/.test(name) && !hasControl(name) && Buffer.byteLength(name) <= 255
}
