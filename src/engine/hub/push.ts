// Uploads the files of a result to a repository of the Hub: first shows the changes, then, once a person agrees, uploads. What is
// there with the same hash is not sent, so a stopped push continues; what was sent is checked by its hash on the Hub.
import { createBranch, createRepo, uploadFiles } from '@huggingface/hub'
import { createHash } from 'node:crypto'
import { openAsBlob } from 'node:fs'
import type { HubName } from '../checkpoint/hubCache.ts'
import { EngineError, throwIfCancelled } from '../errors.ts'
import { httpsRemedy, pageOf } from './hubErrors.ts'
import { hubFetch, type HubSession } from './hubFetch.ts'
import { emptyHash, hubFiles, strange, type HubFiles } from './hubFiles.ts'

export interface PushFile {
  /** In the repository. */
  readonly path: string
  /** A file on this disk, or a text that is made for the push. */
  readonly content: { readonly file: string } | { readonly text: string }
}

interface HashedFile extends PushFile {
  readonly bytes: number
  readonly sha256: string
  /** Git's, of a blob. */
  readonly sha1: string
}

export interface PushTarget {
  readonly name: HubName
  /** Creates a missing repository or branch. */
  readonly create: boolean
  /** For a repository that is made. */
  readonly isPrivate: boolean
}

export interface PushPlan {
  readonly name: HubName
  readonly exists: boolean
  readonly hasBranch: boolean
  readonly isPrivate: boolean
  /** Page of the result. */
  readonly address: string
  readonly files: readonly (HashedFile & { readonly state: 'new' | 'replaces' | 'there' })[]
}

export interface Pushed {
  readonly commit: string
  readonly address: string
  /** Paths that were sent this time. */
  readonly sent: readonly string[]
}

/** Asks the Hub what a push would change, and changes nothing. @throws EngineError that says what is missing. */
export async function planPush(
  { name, create, isPrivate }: PushTarget,
  files: readonly PushFile[],
  session: HubSession,
): Promise<PushPlan> {
  const { access } = session
  const { repository, revision } = name
  if (access.token === null) {
    const own = `set HF_TOKEN to one of ${access.endpoint}/settings/tokens`
    throw new EngineError('usage', `a push needs a token that may write: ${access.tokenWithheld ? httpsRemedy : own}`)
  }
  const there = await filesThere(name, session)
  const known = there ?? (revision === 'main' ? null : await filesThere({ repository, revision: 'main' }, session))
  if (!there && !create) {
    const what = known ? `${repository} has no branch ${revision}` : `there is no ${repository} on ${access.endpoint}`
    throw new EngineError('not-found', `${what}; --create makes it, check the name first`)
  }
  if (known && isPrivate && !known.isPrivate)
    throw new EngineError(
      'usage',
      `${repository} is public already, and --private is for a repository that is made; make it private at ${access.endpoint}/${repository}/settings first`,
    )
  const hashed: HashedFile[] = []
  for (const file of files) hashed.push(await hashFile(file, session.signal))
  return {
    name,
    exists: known !== null,
    hasBranch: there !== null || (!known && revision === 'main'),
    isPrivate: known?.isPrivate ?? isPrivate,
    address: pageOf(access, name),
    files: hashed.map((file) => ({ ...file, state: stateOf(file, there) })),
  }
}

export function bytesToSend({ files }: PushPlan): number {
  return files.reduce((sum, { bytes, state }) => sum + (state === 'there' ? 0 : bytes), 0)
}

/** Sends what is missing. @throws EngineError; files that arrived stay on the Hub, and the next push continues from them. */
export async function push(plan: PushPlan, session: HubSession): Promise<Pushed> {
  const { name, address } = plan
  const before = await makePlace(plan, session)
  const missing = plan.files.filter((file) => stateOf(file, before) !== 'there')
  if (missing.length === 0) return { commit: before.commit, address, sent: [] }
  const failure = await upload(name, missing, before.commit, session)
  // The answer to the commit may have got lost: what counts is whether the files are there.
  const after = await hubFiles(name, session, true)
  const lost = missing.find((file) => stateOf(file, after) !== 'there')
  if (!lost) return { commit: after.commit, address, sent: missing.map(({ path }) => path) }
  if (failure) throw failure
  throw new EngineError(
    'network',
    `${lost.path}: its hash on the Hub is not ${lost.sha256}, though it was sent; push again, and change no file meanwhile`,
  )
}

/** Makes the repository and the branch, and checks who can read it: nothing is sent where the person agreed to something else. */
async function makePlace({ name, exists, hasBranch, isPrivate }: PushPlan, session: HubSession): Promise<HubFiles> {
  const shared = sharedOf(name, session)
  const made = (error: unknown) => {
    // The answer to an earlier request may have got lost.
    if (!(error instanceof EngineError && error.code === 'exists')) throw asHubError(error, name, session)
  }
  const visibility = isPrivate ? 'private' : 'public'
  // The library wants a token here; hubFetch puts the real one in its place.
  if (!exists) await createRepo({ ...shared, visibility, accessToken: 'hf_' }).catch(made)
  if (!hasBranch) await createBranch({ ...shared, branch: name.revision }).catch(made)
  const now = await hubFiles(name, session, true)
  if (now.isPrivate === isPrivate) return now
  throw new EngineError(
    'exists',
    `${name.repository} is ${now.isPrivate ? 'private' : 'public'} now, which is not what you agreed to; push again`,
  )
}

/** One commit. Returns the error of the network that leaves open whether it was made; null: it was. @throws EngineError. */
async function upload(
  name: HubName,
  missing: readonly HashedFile[],
  parentCommit: string,
  session: HubSession,
): Promise<EngineError | null> {
  const files = await Promise.all(missing.map(async ({ path, content }) => ({ path, content: await blobOf(content) })))
  try {
    // uploadFilesWithProgress takes no fetch, and counts bytes in browsers alone.
    await uploadFiles({
      ...sharedOf(name, session),
      files,
      commitTitle: 'Upload with SparseScope',
      branch: name.revision,
      parentCommit,
      // Files go by Git LFS, whose hash is that of the whole file.
      useXet: false,
      abortSignal: session.signal,
    })
    return null
  } catch (error) {
    throwIfCancelled(session.signal)
    const known = asHubError(error, name, session)
    if (known.code === 'network' && known.reason === undefined) return known
    throw known
  }
}

function sharedOf(name: HubName, session: HubSession) {
  return { repo: name.repository, hubUrl: session.access.endpoint, fetch: hubFetch(name, session) }
}

function asHubError(error: unknown, name: HubName, session: HubSession): EngineError {
  return error instanceof EngineError ? error : strange(name, session, 'an answer that cannot be read', error)
}

/** null: there is no such repository that the token may see, or no such branch. */
async function filesThere(name: HubName, session: HubSession): Promise<HubFiles | null> {
  return hubFiles(name, session, true).catch((error: unknown) => {
    if (error instanceof EngineError && error.code === 'not-found') return null
    throw error
  })
}

function stateOf({ path, sha256, sha1 }: HashedFile, there: HubFiles | null): 'new' | 'replaces' | 'there' {
  const found = there?.files.get(path)
  if (!found) return 'new'
  return found.hash === sha256 || found.hash === sha1 ? 'there' : 'replaces'
}

async function blobOf(content: PushFile['content']): Promise<Blob> {
  return 'text' in content ? new Blob([content.text]) : openAsBlob(content.file)
}

async function hashFile(file: PushFile, signal: AbortSignal | undefined): Promise<HashedFile> {
  const blob = await blobOf(file.content)
  const [sha256, sha1] = [createHash('sha256'), emptyHash({ hash: '', bytes: blob.size })]
  for await (const chunk of blob.stream()) {
    throwIfCancelled(signal)
    sha256.update(chunk)
    sha1.update(chunk)
  }
  return { ...file, bytes: blob.size, sha256: sha256.digest('hex'), sha1: sha1.digest('hex') }
}
