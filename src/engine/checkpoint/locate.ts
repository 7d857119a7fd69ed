// Finds the weight files of a path: a folder, an index, or one file.
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import type { CheckpointReason } from '../../errors.ts'
import {
  checkpointFormats,
  ggufRemedy,
  isGguf,
  isShard,
  modelEntry,
  safetensors,
} from '../../catalog/formats/checkpointFormats.ts'
import { andList } from '../../formatting/lists.ts'
import { EngineError } from '../errors.ts'
import { isHubName, snapshotInstead, snapshotOf } from './hubCache.ts'
import { readError } from '../../system/diskErrors.ts'

export interface Located {
  readonly folder: string
  readonly kind: 'single' | 'sharded'
  /** The weight file or the index, relative to the folder. */
  readonly entry: string
}

/**
 * `path`: a folder, an index or a file; a repository in the Hub's cache; or `hf:org/name[@revision]`.
 * @throws EngineError 'not-found' or 'bad-checkpoint' that says what to do instead.
 */
export async function locate(path: string): Promise<Located> {
  const full = isHubName(path) ? await snapshotOf(path) : await snapshotInstead(resolve(path))
  const found = await stat(full).catch((error: unknown) => {
    throw readError(error, full)
  })
  if (found.isDirectory()) return locateInFolder(full)
  const name = basename(full)
  return { folder: dirname(full), kind: name.endsWith('.json') ? 'sharded' : 'single', entry: name }
}

/** Path by which a recipe names these weights: their folder, or `weights` itself where the folder alone means another model or none. */
export async function nameOfWeights(weights: string): Promise<string> {
  const folder = dirname(weights)
  const entry = await locateInFolder(folder).then(
    (found) => found.entry,
    () => null,
  )
  return entry === basename(weights) ? folder : weights
}

async function locateInFolder(folder: string): Promise<Located> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw readError(error, folder)
  })
  const found = modelEntry(names)
  if (!found) throw whyNot(folder, names)
  return { folder, kind: found.kind, entry: found.entry }
}

function whyNot(folder: string, names: readonly string[]): EngineError {
  const because = (why: string, reason?: CheckpointReason) =>
    new EngineError('bad-checkpoint', `${folder}: ${why}`, { reason })
  for (const { suffix, index } of checkpointFormats)
    if (names.some((n) => n.endsWith(suffix) && isShard(n)))
      return because(`it has shards but no ${index}; download the index too`)
  const files = names.filter((n) => n.endsWith(safetensors.suffix))
  if (files.length > 1) return because('it has several .safetensors files and no index; name the one you mean')
  const gguf = names.find(isGguf)
  if (gguf) return because(`it holds a GGUF model, ${gguf}; to look at it, name that file: ${ggufRemedy}`, 'refused')
  const wanted = checkpointFormats.flatMap(({ single, index }) => [single, index])
  return because(`it has no ${andList(wanted, 'or')}; give the folder of a Hugging Face model`, 'no-weights')
}

/**
 * Full path of a shard that an index or the other shards name, after following links. A link may lead out of the folder only as in the
 * Hugging Face cache, from `snapshots/<revision>/` to `blobs/` of the same model.
 * @throws EngineError 'bad-checkpoint' when it is missing or leads elsewhere.
 */
export async function resolveShard(folder: string, shard: string): Promise<string> {
  const path = join(folder, shard)
  const target = await realpath(path).catch(() => null)
  if (target === null) {
    throw new EngineError('bad-checkpoint', `${path} is missing, though it is a part of the model; download it too`)
  }
  const home = await realpath(folder)
  if (!isInside(target, home) && !isCacheBlob(target, home)) {
    throw new EngineError(
      'bad-checkpoint',
      `${path} is a link that leaves the model's folder; put the file itself in its place`,
    )
  }
  return path
}

/** Whether `home` is a snapshot of the Hugging Face cache and `target` one of its model's blobs. */
export function isCacheBlob(target: string, home: string): boolean {
  const snapshots = dirname(home)
  return basename(snapshots) === 'snapshots' && isInside(target, join(dirname(snapshots), 'blobs'))
}

/** Whether `target` is below `folder`. Both paths are absolute, with links followed. */
export function isInside(target: string, folder: string): boolean {
  const way = relative(folder, target)
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && resolve(folder, way) === target
}
