// Finds which of a folder's files is its model, for folders that are there and for those that are still on the Hub.
import { checkpointFormats, isShard, type CheckpointFormat } from './checkpointFormats.ts'

export interface ModelEntry {
  readonly format: CheckpointFormat
  readonly kind: 'single' | 'sharded'
  /** Name of the weight file or of the index. */
  readonly entry: string
}

/**
 * The conventional names of all formats first, in the order in which transformers looks; then the only file of its kind:
 * beside a model of one format an adapter may lie in another.
 */
export function modelEntry(
  names: readonly string[],
  formats: readonly CheckpointFormat[] = checkpointFormats,
): ModelEntry | null {
  for (const format of formats) {
    if (names.includes(format.single)) return { format, kind: 'single', entry: format.single }
    if (names.includes(format.index)) return { format, kind: 'sharded', entry: format.index }
  }
  for (const format of formats) {
    const indexes = names.filter((n) => n.endsWith(format.indexSuffix))
    if (indexes.length === 1) return { format, kind: 'sharded', entry: indexes[0] }
    const files = format.anyName ? names.filter((n) => n.endsWith(format.suffix)) : []
    if (files.length === 1 && !isShard(files[0])) return { format, kind: 'single', entry: files[0] }
  }
  return null
}
