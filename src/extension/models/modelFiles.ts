// Which files of weights are models: those of the workspace, and those of the Hugging Face cache,
// `models--org--name/snapshots/<revision>/`, which other tools download.
import { basename, dirname, join } from 'node:path'
import { readdir } from 'node:fs/promises'
import {
  type CheckpointFormat,
  checkpointFormats,
  formatOf,
  isShard,
  modelEntry,
} from '../../catalog/formats/checkpointFormats.ts'
import { locate } from '../../engine/checkpoint/locate.ts'

interface Place {
  readonly fsPath: string
}

/**
 * An index is the model of the shards beside it; every other file is a model. In a folder with two formats, only the format that
 * opening the folder uses is its model.
 */
export function weightsOfModels<T extends Place>(files: readonly T[], indexes: readonly T[]): T[] {
  const folderOf = ({ fsPath }: T) => dirname(fsPath)
  const formatIn = ({ fsPath }: T) => formatOf(basename(fsPath))
  const sharded = new Set(indexes.map(folderOf))
  const whole = [...indexes, ...files.filter((one) => !(sharded.has(folderOf(one)) && isShard(basename(one.fsPath))))]
  const folders = new Map<string, { names: string[]; formats: Set<CheckpointFormat | null> }>()
  for (const one of whole) {
    const { names, formats } = folders.get(folderOf(one)) ?? { names: [], formats: new Set() }
    folders.set(folderOf(one), { names, formats: formats.add(formatIn(one)) })
    names.push(basename(one.fsPath))
  }
  // The format is chosen once per folder, not per file: a folder may hold thousands of files.
  const chosen = new Map(
    [...folders].flatMap(([folder, { names, formats }]) =>
      formats.size > 1 ? [[folder, modelEntry(names)?.format ?? checkpointFormats[0]] as const] : [],
    ),
  )
  return whole.filter((one) => (chosen.get(folderOf(one)) ?? formatIn(one)) === formatIn(one))
}

interface HubModel {
  /** Index or weights file of the snapshot. */
  weights: string
  revision: string
}

/** Every snapshot with weights, by repository; empty without a cache. */
export async function hubModels(cache: string, limit: number): Promise<HubModel[]> {
  const found: HubModel[] = []
  const repositories = (await foldersIn(cache)).filter((name) => name.startsWith('models--')).sort()
  for (const repository of repositories) {
    const snapshots = join(cache, repository, 'snapshots')
    for (const revision of await foldersIn(snapshots)) {
      const located = await locate(join(snapshots, revision)).catch(() => null)
      if (located) found.push({ weights: join(located.folder, located.entry), revision })
      if (found.length >= limit) return found
    }
  }
  return found
}

async function foldersIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
}
