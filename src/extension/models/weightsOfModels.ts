// Which of the weights that were found are what is opened.
import { basename, dirname } from 'node:path'
import { checkpointFormats, formatOf, isShard } from '../../shared/format/checkpointFormats.ts'
import { modelEntry } from '../../shared/format/modelEntry.ts'

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
  const folders = new Map<string, T[]>()
  for (const one of whole) folders.set(folderOf(one), [...(folders.get(folderOf(one)) ?? []), one])
  return whole.filter((one) => {
    const beside = folders.get(folderOf(one)) ?? []
    const isAlone = beside.every((other) => formatIn(other) === formatIn(one))
    const model = modelEntry(beside.map(({ fsPath }) => basename(fsPath)))
    return isAlone || formatIn(one) === (model?.format ?? checkpointFormats[0])
  })
}
