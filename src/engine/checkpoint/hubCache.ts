// Models in the Hugging Face cache, `models--org--name/snapshots/<commit>/`, as huggingface_hub lays it out: found by
// name (`hf:org/name@revision`), or by the repository's folder. This file downloads nothing.
import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { quoted } from '../../errors.ts'
import { EngineError } from '../errors.ts'
import { readSmallFile } from './regularFile.ts'

const hubPrefix = 'hf:'
const repositoryPrefix = 'models--'

export interface HubName {
  /** `org/name`, or `name` alone for the oldest models. */
  readonly repository: string
  /** A branch, a tag or a commit. */
  readonly revision: string
}

/** Resolves a path from a recipe or the user relative to `folder`. Names of models on the Hub are returned unchanged. */
export function modelPath(folder: string, given: string): string {
  return isHubName(given) ? given : resolve(folder, given)
}

export function isHubName(path: string): boolean {
  return path.startsWith(hubPrefix)
}

/** Parses `org/name[@revision]`, with or without `hf:`. @throws EngineError 'usage'. */
export function parseHubName(given: string): HubName {
  const text = isHubName(given) ? given.slice(hubPrefix.length) : given
  const [, repository, revision = 'main'] = /^([\w.-]+(?:\/[\w.-]+)?)(?:@([\w.-]+(?:\/[\w.-]+)*))?$/.exec(text) ?? []
  if (!repository || [...repository.split('/'), ...revision.split('/')].some((part) => /^\.+$/.test(part)))
    throw new EngineError(
      'usage',
      `${quoted(given)} is not the name of a model on the Hub; give hf:org/name or hf:org/name@revision`,
    )
  return { repository, revision }
}

/** The name in the form that `parseHubName` reads. */
export function hubNameText({ repository, revision }: HubName): string {
  return revision === 'main' ? repository : `${repository}@${revision}`
}

/** The cache folder, found as huggingface_hub does. */
export function hubCacheFolder(env: NodeJS.ProcessEnv = process.env, home: string = homedir()): string {
  const own = env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE
  return own ? expanded(own, home) : join(hubHome(env, home), 'hub')
}

/** Path of the file in which `hf auth login` leaves the token. */
export function tokenFile(env: NodeJS.ProcessEnv, home: string): string {
  return env.HF_TOKEN_PATH ? expanded(env.HF_TOKEN_PATH, home) : join(hubHome(env, home), 'token')
}

function hubHome(env: NodeJS.ProcessEnv, home: string): string {
  return expanded(env.HF_HOME || join(env.XDG_CACHE_HOME || join(home, '.cache'), 'huggingface'), home)
}

function expanded(path: string, home: string): string {
  return path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : path
}

/** Folder of a repository in the cache. */
export function repositoryFolder({ repository }: HubName, cache = hubCacheFolder()): string {
  return join(cache, repositoryPrefix + repository.replace('/', '--'))
}

/** The snapshot of a name. @throws EngineError 'not-found' that says how to get it. */
export async function snapshotOf(given: string): Promise<string> {
  const name = parseHubName(given)
  const folder = repositoryFolder(name)
  const snapshot = await snapshotIn(folder, name.revision)
  if (snapshot !== null) return snapshot
  throw new EngineError(
    'not-found',
    `${given} is not in the Hub's cache (${folder}); run \`sparsescope pull ${hubNameText(name)}\`, inspect it on the Hub with inspect --remote, or check HF_HOME`,
  )
}

/** The main snapshot of a repository's folder in the cache; any other path is returned as it is. */
export async function snapshotInstead(path: string): Promise<string> {
  if (!basename(path).startsWith(repositoryPrefix)) return path
  return (await snapshotIn(path, 'main')) ?? path
}

async function snapshotIn(folder: string, revision: string): Promise<string | null> {
  const commit = (await readSmallFile(join(folder, 'refs', revision), 200).catch(() => revision)).trim()
  // The commit comes from a file, so it must not contain a path that leads elsewhere.
  if (!/^[0-9A-Za-z]+$/.test(commit)) return null
  const snapshot = join(folder, 'snapshots', commit)
  const facts = await stat(snapshot).catch(() => null)
  return facts?.isDirectory() ? snapshot : null
}
