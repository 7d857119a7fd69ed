// Chooses, among the weights that were found, those that are opened.
import { basename, dirname } from 'node:path'
import {
  type CheckpointFormat,
  checkpointFormats,
  formatOf,
  isShard,
  modelEntry,
} from '../../catalog/formats/checkpointFormats.ts'

interface Place {
  readonly fsPath: string
}

/**
 * An index stands for the shards beside it; every other file for itself. Of a folder in two formats only the one is
 * its model that is wherever the folder is opened.
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
  // Each folder once: it may hold thousands of files.
  const chosen = new Map(
    [...folders].flatMap(([folder, { names, formats }]) =>
      formats.size > 1 ? [[folder, modelEntry(names)?.format ?? checkpointFormats[0]] as const] : [],
    ),
  )
  return whole.filter((one) => (chosen.get(folderOf(one)) ?? formatIn(one)) === formatIn(one))
}
