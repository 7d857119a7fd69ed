// The files of a repository at a revision, asked through @huggingface/hub and not trusted: names, sizes and hashes
// come from a server.
import { listFiles, modelInfo } from '@huggingface/hub'
import * as z from 'zod'
import type { HubName } from '../checkpoint/hubCache.ts'
import { EngineError } from '../errors.ts'
import type { HubAccess } from './hubAccess.ts'
import { chunksOf, hubGet } from './hubGet.ts'
import { unreachable } from './hubErrors.ts'
import { stallAfter } from './stall.ts'

export interface RemoteFile {
  /** Path as the server gives it; it must be checked before anything is named by it. */
  readonly path: string
  readonly bytes: number
  /** SHA-256 of the bytes of files in Git LFS, git's SHA-1 of a blob for others. The cache names blobs by it. */
  readonly hash: string
}

export interface RepositoryFiles {
  readonly commit: string
  readonly files: readonly RemoteFile[]
}

const mostFiles = 100_000
/** Most pages of a thousand files each: a server may send empty ones for ever. */
const mostAnswers = 200
const mostBytes = 64 * 2 ** 20
/** Milliseconds for a whole answer: a page of the list comes in a second or two. */
const answerWithinMs = 30_000

const sha1 = z.string().regex(/^[0-9a-f]{40}$/)
const size = z.int().nonnegative()
const entry = z.object({
  path: z.string(),
  size,
  oid: sha1,
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size }).optional(),
})

/** The commit of a revision and its uppermost files, or all with `recursive`. @throws EngineError. */
export async function repositoryFiles(
  access: HubAccess,
  name: HubName,
  { recursive, signal, stallMs = answerWithinMs }: { recursive: boolean; signal?: AbortSignal; stallMs?: number },
): Promise<RepositoryFiles> {
  let answers = 0
  const strange = (what: string) =>
    new EngineError(
      'network',
      `${access.endpoint} sends ${what} for ${name.repository}; check HF_ENDPOINT, or try again later`,
    )
  // The library adds a token to whatever address the server names next; here it is hubGet that knows where it belongs.
  const ask: typeof fetch = async (address) => {
    if (++answers > mostAnswers) throw strange(`more than ${mostAnswers} pages of files`)
    const stall = stallAfter(stallMs, signal)
    try {
      const headers = { accept: 'application/json' }
      const response = await hubGet(access, String(address), name, { headers, signal: stall.signal })
      const text = await limitedText(response, stall.signal)
      if (text === null) throw strange(`more than ${mostBytes} bytes`)
      return new Response(text, {
        headers: response.headers.has('link') ? { link: response.headers.get('link') ?? '' } : {},
      })
    } finally {
      stall.end()
    }
  }
  const shared = { hubUrl: access.endpoint, fetch: ask }
  try {
    const info = await modelInfo({
      ...shared,
      name: name.repository,
      revision: name.revision,
      additionalFields: ['sha'],
    })
    const commit = sha1.safeParse(info.sha)
    if (!commit.success) throw strange('no commit')
    const files: RemoteFile[] = []
    const repo = { type: 'model', name: name.repository } as const
    for await (const item of listFiles({ ...shared, repo, revision: commit.data, recursive })) {
      if (files.length >= mostFiles) throw strange(`a list of more than ${mostFiles} files`)
      if (item?.type === 'directory') continue
      const { success, data } = entry.safeParse(item)
      if (!success) throw strange('a list of files that is none')
      files.push({ path: data.path, bytes: data.lfs?.size ?? data.size, hash: data.lfs?.oid ?? data.oid })
    }
    return { commit: commit.data, files }
  } catch (error) {
    if (error instanceof EngineError) throw error
    throw strange('an answer that cannot be read')
  }
}

/** A text of the Hub's. @throws EngineError. */
export async function hubText(
  access: HubAccess,
  address: string,
  name: HubName,
  signal: AbortSignal | undefined,
): Promise<string> {
  const stall = stallAfter(answerWithinMs, signal)
  try {
    const response = await hubGet(access, address, name, { signal: stall.signal })
    const text = await limitedText(response, stall.signal)
    if (text !== null) return text
    throw new EngineError(
      'network',
      `${access.endpoint} sends more than ${mostBytes} bytes for ${name.repository}; check HF_ENDPOINT`,
    )
  } finally {
    stall.end()
  }
}

/** The body of an answer; null when it is longer than any list of files. */
export async function limitedText(response: Response, signal: AbortSignal | undefined): Promise<string | null> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const chunk of chunksOf(response, signal)) {
      bytes += chunk.byteLength
      if (bytes > mostBytes) return null
      chunks.push(chunk)
    }
  } catch (error) {
    throw unreachable(error, new URL(response.url), signal)
  }
  return Buffer.concat(chunks).toString('utf8')
}
