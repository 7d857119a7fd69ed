// Uploads the files of a result to a repository on the Hub: a plan of the changes first, then, once the user agrees, the upload. A file
// that the Hub has with the same hash is not sent again, so a push can be resumed. Each file sent is verified by its hash on the Hub.
import { commitIter, createBranch, createRepo } from '@huggingface/hub'
import { createHash } from 'node:crypto'
import type { HubName } from '../checkpoint/hubCache.ts'
import { EngineError, throwIfCancelled } from '../errors.ts'
import { hubFetch, type HubSession } from './hubFetch.ts'
import { asHubError, emptyHash, hubFiles, pageOf, type HubFiles } from './hubFiles.ts'

export interface PushFile {
  /** Path in the repository. */
  readonly path: string
  readonly content: Blob
}

interface PlannedFile extends PushFile {
  /** SHA-256, and git's SHA-1 of a blob: the Hub knows a file by one of them. */
  readonly hashes: readonly string[]
  readonly state: 'new' | 'replaces' | 'there'
}

export interface PushTarget {
  readonly name: HubName
  /** Creates a missing repository or branch. */
  readonly create: boolean
  /** Whether a repository that the push creates is private. */
  readonly isPrivate: boolean
}

export interface PushPlan extends Omit<PushTarget, 'create'> {
  readonly exists: boolean
  readonly hasBranch: boolean
  /** Page of the result. */
  readonly address: string
  readonly files: readonly PlannedFile[]
}

/** Finds out what a push would change, without changing anything. @throws EngineError that says what is missing. */
export async function planPush(
  { name, create, isPrivate }: PushTarget,
  files: readonly PushFile[],
  session: HubSession,
): Promise<PushPlan> {
  const { endpoint, token, remedy } = session.access
  const { repository, revision } = name
  if (token === null) throw new EngineError('usage', `a push needs a token that may write; ${remedy}`)
  const there = await filesThere(name, session)
  const known = there ?? (revision === 'main' ? null : await filesThere({ repository, revision: 'main' }, session))
  if (!there && !create) {
    const what = known ? `${repository} has no branch ${revision}` : `there is no ${repository} on ${endpoint}`
    throw new EngineError('not-found', `${what}; --create makes it, check the name first`)
  }
  const planned: PlannedFile[] = []
  for (const file of files) {
    const hashes = await hashesOf(file.content, session.signal)
    const found = there?.files.get(file.path)?.hash
    planned.push({ ...file, hashes, state: !found ? 'new' : hashes.includes(found) ? 'there' : 'replaces' })
  }
  return {
    name,
    exists: known !== null,
    hasBranch: there !== null || (!known && revision === 'main'),
    isPrivate: isPrivate || known?.isPrivate === true,
    address: pageOf(session, name),
    files: planned,
  }
}

export function bytesToSend({ files }: PushPlan): number {
  return files.reduce((sum, { content, state }) => sum + (state === 'there' ? 0 : content.size), 0)
}

/**
 * Sends what is missing, and returns the commit and the paths that were sent; `onBytes` gets the bytes of files that have arrived.
 * @throws EngineError; files that arrived stay on the Hub, and the next push continues from them.
 */
export async function push(plan: PushPlan, session: HubSession, onBytes?: (bytes: number) => void) {
  const missingIn = ({ files }: HubFiles) =>
    plan.files.filter(({ path, hashes }) => !hashes.includes(files.get(path)?.hash ?? ''))
  try {
    const before = await makePlace(plan, session)
    const missing = missingIn(before)
    if (missing.length === 0) return { commit: before.commit, sent: [] }
    // `uploadFilesWithProgress` of the library is the same, but takes no `fetch`.
    const steps = commitIter({
      ...sharedOf(plan, session),
      operations: missing.map(({ path, content }) => ({ operation: 'addOrUpdate', path, content })),
      title: 'Upload with SparseScope',
      branch: plan.name.revision,
      parentCommit: before.commit,
      // Files go by Git LFS, whose hash is that of the whole file.
      useXet: false,
      abortSignal: session.signal,
    })
    for await (const step of steps)
      if (step.event === 'fileProgress' && step.state === 'uploading' && step.progress === 1)
        onBytes?.(missing.find(({ path }) => path === step.path)?.content.size ?? 0)
    const after = await hubFiles(plan.name, session, true)
    const [lost] = missingIn(after)
    if (!lost) return { commit: after.commit, sent: missing.map(({ path }) => path) }
    const why = `its hash on the Hub is not ${lost.hashes[0]}, though it was sent`
    throw new EngineError('network', `${lost.path}: ${why}; push again, and change no file meanwhile`)
  } catch (error) {
    throw asHubError(error, plan.name, session)
  }
}

/** Creates the repository and the branch if they are missing. Nothing is sent unless the visibility is what the user agreed to. */
async function makePlace(plan: PushPlan, session: HubSession): Promise<HubFiles> {
  const { name, exists, hasBranch, isPrivate } = plan
  const shared = sharedOf(plan, session)
  // The library requires a token here; hubFetch replaces it by the real one.
  if (!exists) await createRepo({ ...shared, visibility: isPrivate ? 'private' : 'public', accessToken: 'hf_' })
  if (!hasBranch) await createBranch({ ...shared, branch: name.revision })
  const now = await hubFiles(name, session, true)
  if (now.isPrivate === isPrivate) return now
  const is = `${name.repository} is ${now.isPrivate ? 'private' : 'public'}, which is not what you agreed to`
  throw new EngineError('exists', `${is}; change it in its settings on the Hub, or push without --private`)
}

function sharedOf({ name }: PushPlan, session: HubSession) {
  return { repo: name.repository, hubUrl: session.access.endpoint, fetch: hubFetch(name, session) }
}

/** null if there is no repository that the token may see, or no such branch. */
async function filesThere(name: HubName, session: HubSession): Promise<HubFiles | null> {
  return hubFiles(name, session, true).catch((error: unknown) => {
    if (error instanceof EngineError && error.code === 'not-found') return null
    throw error
  })
}

async function hashesOf(content: Blob, signal: AbortSignal | undefined): Promise<string[]> {
  const hashes = [createHash('sha256'), emptyHash({ hash: '', bytes: content.size })]
  for await (const chunk of content.stream()) {
    throwIfCancelled(signal)
    for (const hash of hashes) hash.update(chunk)
  }
  return hashes.map((hash) => hash.digest('hex'))
}
