// Files of a result to a repository of the Hub: first what that would change, then, when a person has agreed, the sending. What is
// there with the same hash is not sent, so a push that was stopped goes on; what was sent is looked at once more by its hash.
import { commit as commitFiles, createBranch, createRepo } from '@huggingface/hub'
import { createHash } from 'node:crypto'
import { openAsBlob } from 'node:fs'
import * as z from 'zod'
import type { HubName } from '../checkpoint/hubCache.ts'
import { openRegular } from '../checkpoint/regularFile.ts'
import { EngineError, throwIfCancelled } from '../errors.ts'
import { httpsRemedy, pageOf } from './hubErrors.ts'
import { pause } from './pause.ts'
import { hubText, repositoryFiles } from './repositoryFiles.ts'
import { senderTo, type Sending } from './sender.ts'
import { eachChunk } from './storedBlob.ts'

export interface PushFile {
  /** In the repository. */
  readonly path: string
  /** A file on this disk, or a text that is made for the push. */
  readonly content: { readonly file: string } | { readonly text: string }
}

export interface HashedFile extends PushFile {
  readonly bytes: number
  readonly sha256: string
  /** Git's, of a blob. */
  readonly sha1: string
}

export interface PushTarget {
  readonly name: HubName
  /** The repository or the branch is made where there is none. */
  readonly create: boolean
  /** For a repository that is made. */
  readonly isPrivate: boolean
}

export type FileState = 'new' | 'replaces' | 'there'

export interface PushPlan {
  readonly name: HubName
  readonly exists: boolean
  readonly hasBranch: boolean
  readonly isPrivate: boolean
  /** Page of the result. */
  readonly address: string
  readonly files: readonly (HashedFile & { readonly state: FileState })[]
}

export interface Pushed {
  readonly commit: string
  readonly address: string
  /** Paths that were sent this time. */
  readonly sent: readonly string[]
}

const mostCommits = 3

export async function hashFile(file: PushFile, signal?: AbortSignal): Promise<HashedFile> {
  const { content } = file
  const of = (bytes: number) => [createHash('sha256'), createHash('sha1').update(`blob ${bytes}\0`)] as const
  const digests = (hashes: ReturnType<typeof of>) => ({
    sha256: hashes[0].digest('hex'),
    sha1: hashes[1].digest('hex'),
  })
  if ('text' in content) {
    const bytes = Buffer.byteLength(content.text)
    const hashes = of(bytes)
    for (const hash of hashes) hash.update(content.text)
    return { ...file, bytes, ...digests(hashes) }
  }
  const handle = await openRegular(content.file)
  try {
    const { size } = await handle.stat()
    const hashes = of(size)
    await eachChunk(handle, signal, (chunk) => hashes.forEach((hash) => hash.update(chunk)))
    return { ...file, bytes: size, ...digests(hashes) }
  } finally {
    await handle.close()
  }
}

/** Asks the Hub what a push would change, and changes nothing. @throws EngineError that says what is missing. */
export async function planPush(
  { name, create, isPrivate }: PushTarget,
  files: readonly HashedFile[],
  sending: Sending,
): Promise<PushPlan> {
  const { access } = sending
  const { repository, revision } = name
  if (access.tokenWithheld) throw new EngineError('usage', `a push needs a token that may write: ${httpsRemedy}`)
  if (access.token === null)
    throw new EngineError(
      'usage',
      `a push needs a token that may write: set HF_TOKEN to one of ${access.endpoint}/settings/tokens`,
    )
  const known = await repositoryFacts(name, sending)
  if (!known && !create)
    throw new EngineError(
      'not-found',
      `there is no ${repository} on ${access.endpoint}; --create makes it, check the name first`,
    )
  if (known && isPrivate && !known.isPrivate)
    throw new EngineError(
      'usage',
      `${repository} is public already, and --private is for a repository that is made; make it private at ${pageOf(access, name)}/settings first`,
    )
  const there = known ? await filesThere(name, sending) : null
  if (known && !there && !create)
    throw new EngineError(
      'not-found',
      `${repository} has no branch ${revision}; --create makes it, check the name first`,
    )
  const page = pageOf(access, name)
  return {
    name,
    exists: known !== null,
    hasBranch: there !== null || (!known && revision === 'main'),
    isPrivate: known?.isPrivate ?? isPrivate,
    address: revision === 'main' ? page : `${page}/tree/${revision.split('/').map(encodeURIComponent).join('/')}`,
    files: files.map((file) => ({ ...file, state: stateOf(file, there?.hashes) })),
  }
}

/** Sends what is missing. @throws EngineError; what has come stays on the Hub, and the next push goes on there. */
export async function push(plan: PushPlan, sending: Sending): Promise<Pushed> {
  const { name, address } = plan
  await makePlace(plan, sending)
  const sent = new Set<string>()
  for (let attempt = 1; ; attempt++) {
    const there = await filesThere(name, sending)
    if (!there) throw new EngineError('network', `${name.repository} has no branch ${name.revision} yet; push again`)
    const missing = plan.files.filter((file) => stateOf(file, there.hashes) !== 'there')
    if (missing.length === 0) return { commit: there.commit, address, sent: [...sent] }
    // Whatever a commit has said, its files are there or they are not.
    if (attempt > mostCommits || missing.some(({ path }) => sent.has(path))) throw notThere(missing[0], there.hashes)
    try {
      await commitMissing(plan, missing, there.commit, sending)
      for (const { path } of missing) sent.add(path)
    } catch (error) {
      throwIfCancelled(sending.signal)
      if (!(error instanceof EngineError)) throw strange(name, sending, error)
      if (error.code !== 'network' || error.reason === 'redirect' || attempt >= mostCommits) throw error
      await (sending.wait ?? pause)(1000 * 2 ** attempt, sending.signal)
    }
  }
}

/** Makes the repository and the branch. What it is read as afterwards counts: nothing goes where more people read it than was said. */
async function makePlace({ name, exists, hasBranch, isPrivate }: PushPlan, sending: Sending): Promise<void> {
  const shared = sharedOf(name, sending)
  const made = async (make: Promise<unknown>) => {
    try {
      await make
    } catch (error) {
      // One that was made by a request whose answer got lost is there.
      if (error instanceof EngineError && error.code === 'exists') return
      throw error instanceof EngineError ? error : strange(name, sending, error)
    }
  }
  const visibility = isPrivate ? 'private' : 'public'
  // The library wants a token here; the sender puts the real one in its place.
  if (!exists) await made(createRepo({ ...shared, visibility, accessToken: 'hf_' }))
  if (!hasBranch) await made(createBranch({ ...shared, branch: name.revision }))
  const now = await repositoryFacts(name, sending)
  if (now?.isPrivate === isPrivate) return
  const is = now?.isPrivate ? 'private' : 'public'
  throw new EngineError(
    'exists',
    `${name.repository} is ${now ? is : 'not there'} now, which is not what was said before; push again`,
  )
}

async function commitMissing(
  { name }: PushPlan,
  missing: readonly HashedFile[],
  parentCommit: string,
  sending: Sending,
): Promise<void> {
  const operations = missing.map(async ({ path, content }) => {
    const blob = 'text' in content ? new Blob([content.text]) : await openAsBlob(content.file)
    return { operation: 'addOrUpdate' as const, path, content: blob }
  })
  await commitFiles({
    ...sharedOf(name, sending),
    title: 'Upload with SparseScope',
    operations: await Promise.all(operations),
    branch: name.revision,
    parentCommit,
    // Files go by Git LFS, whose hash is that of the whole file.
    useXet: false,
    abortSignal: sending.signal,
  })
}

function sharedOf(name: HubName, sending: Sending) {
  const repo = { type: 'model', name: name.repository } as const
  return { repo, hubUrl: sending.access.endpoint, fetch: senderTo(name, sending) }
}

const factsShape = z.object({ private: z.boolean() })

/** null: there is no such repository that the token may see. */
async function repositoryFacts(name: HubName, sending: Sending): Promise<{ isPrivate: boolean } | null> {
  const { access, signal } = sending
  try {
    const text = await hubText(access, `${access.endpoint}/api/models/${name.repository}`, name, signal)
    return { isPrivate: factsShape.parse(JSON.parse(text)).private }
  } catch (error) {
    if (!(error instanceof EngineError)) throw strange(name, sending, error)
    if (error.code === 'not-found') return null
    throw error
  }
}

async function filesThere(name: HubName, { access, signal }: Sending) {
  try {
    const { commit, files } = await repositoryFiles(access, name, { recursive: true, signal })
    return { commit, hashes: new Map(files.map(({ path, hash }) => [path, hash])) }
  } catch (error) {
    if (error instanceof EngineError && error.code === 'not-found') return null
    throw error
  }
}

function stateOf({ path, sha256, sha1 }: HashedFile, there: ReadonlyMap<string, string> | undefined): FileState {
  const hash = there?.get(path)
  if (hash === undefined) return 'new'
  return hash === sha256 || hash === sha1 ? 'there' : 'replaces'
}

function notThere({ path, sha256 }: HashedFile, there: ReadonlyMap<string, string>): EngineError {
  const hash = there.get(path)
  const what = hash === undefined ? 'it is not on the Hub' : `its hash on the Hub is ${hash}, here ${sha256}`
  return new EngineError('network', `${path}: ${what}, though it was sent; push again, and change no file meanwhile`)
}

function strange({ repository }: HubName, { access }: Sending, cause: unknown): EngineError {
  const why = `${access.endpoint} sends an answer for ${repository} that cannot be read; check HF_ENDPOINT, or push again`
  return new EngineError('network', why, { cause })
}
