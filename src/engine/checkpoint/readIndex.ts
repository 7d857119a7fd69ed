import { parseShardIndex, type ShardIndex } from '../../shared/format/shardIndex.ts'
import { formatOf, safetensors } from '../../shared/format/checkpointFormats.ts'
import { inFile } from './readHeader.ts'
import { readSmallFile } from './smallFile.ts'

/** Real indexes of half a million tensors have 60 MB; beyond this it is something else. */
const maxIndexBytes = 256 * 2 ** 20

/** @throws EngineError 'bad-checkpoint' that names the file. */
export async function readIndex(path: string): Promise<ShardIndex> {
  const text = await readSmallFile(path, maxIndexBytes)
  return inFile(path, () => parseShardIndex(text, formatOf(path) ?? safetensors))
}
