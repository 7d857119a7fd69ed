// From the path a person gives to the weight files it stands for: a folder, an index, or one file.
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import type { CheckpointReason } from '../../shared/format/formatError.ts'
import { ggufRemedy, pickleRemedy } from '../../shared/format/safetensorsHeader.ts'
import { EngineError } from '../errors.ts'
import { readError } from './diskErrors.ts'

export interface Located {
  readonly folder: string
  readonly kind: 'single' | 'sharded'
  /** The weight file or the index, relative to the folder. */
  readonly entry: string
}

const indexSuffix = '.safetensors.index.json'
const pickles = /\.(bin|pt|pth|ckpt|pkl)$/i

/** @throws EngineError 'not-found' or 'bad-checkpoint' that says what to do instead. */
export async function locate(path: string): Promise<Located> {
  const full = resolve(path)
  const found = await stat(full).catch((error: unknown) => {
    throw readError(error, full)
  })
  if (found.isDirectory()) return locateInFolder(full)
  const name = basename(full)
  if (pickles.test(name)) throw new EngineError('bad-checkpoint', `${full}: ${pickleRemedy}`, { reason: 'refused' })
  return { folder: dirname(full), kind: name.endsWith('.json') ? 'sharded' : 'single', entry: name }
}

/** The conventional names first, in the order in which transformers looks; then the only file of its kind. */
async function locateInFolder(folder: string): Promise<Located> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw readError(error, folder)
  })
  const single = (entry: string): Located => ({ folder, kind: 'single', entry })
  const sharded = (entry: string): Located => ({ folder, kind: 'sharded', entry })
  if (names.includes('model.safetensors')) return single('model.safetensors')
  const indexes = names.filter((n) => n.endsWith(indexSuffix))
  if (indexes.includes(`model${indexSuffix}`)) return sharded(`model${indexSuffix}`)
  if (indexes.length === 1) return sharded(indexes[0])
  const files = names.filter((n) => n.endsWith('.safetensors'))
  if (files.length === 1 && !isShard(files[0])) return single(files[0])
  throw whyNot(folder, names, files)
}

function isShard(name: string): boolean {
  return /-\d{5}-of-\d{5}\.safetensors$/.test(name)
}

function whyNot(folder: string, names: readonly string[], files: readonly string[]): EngineError {
  const because = (why: string, reason?: CheckpointReason) =>
    new EngineError('bad-checkpoint', `${folder}: ${why}`, { reason })
  if (files.some(isShard)) return because(`it has shards but no model${indexSuffix}; download the index too`)
  if (files.length > 1) return because('it has several .safetensors files and no index; name the one you mean')
  const pickle = names.find((n) => pickles.test(n))
  if (pickle) return because(`it has no model.safetensors, only ${pickle}: ${pickleRemedy}`, 'refused')
  const gguf = names.find((n) => /\.gguf$/i.test(n))
  if (gguf) return because(`it holds a GGUF model (${gguf}): ${ggufRemedy}`, 'refused')
  const none = `it has no model.safetensors and no model${indexSuffix}; give the folder of a Hugging Face model`
  return because(none, 'no-weights')
}

/**
 * Full path of a shard that an index names, after following links. A link may lead out of the folder only as in the
 * Hugging Face cache, from `snapshots/<revision>/` to `blobs/` of the same model.
 * @throws EngineError 'bad-checkpoint' when it is missing or leads elsewhere.
 */
export async function resolveShard(folder: string, shard: string): Promise<string> {
  const path = join(folder, shard)
  const target = await realpath(path).catch(() => null)
  if (target === null) {
    throw new EngineError('bad-checkpoint', `${path} is missing, though the index names it; download this shard too`)
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

/** Both absolute, links followed. */
export function isInside(target: string, folder: string): boolean {
  const way = relative(folder, target)
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && resolve(folder, way) === target
}
