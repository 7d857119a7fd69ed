// `*.safetensors.index.json`, `*.bin.index.json`: which shard holds which tensor. The shard names are paths from an untrusted
// file, so they may not leave its folder.
import { FormatError, quoted } from '../../errors.ts'
import { asObject, parseJson, type Json } from './json.ts'
import { formatOf, type CheckpointFormat } from './checkpointFormats.ts'
import { checkName, hasControl } from './safetensorsHeader.ts'

export interface ShardIndex {
  /** Tensor name to file name relative to the folder, in the index's order. */
  readonly weightMap: ReadonlyMap<string, string>
  /** File names, each once, sorted: shards are numbered in the model's order. */
  readonly shards: readonly string[]
  /** The index's `metadata`, such as total_size. */
  readonly metadata: Json
}

const maxShards = 10_000

/** `format`: the format of the index and of all its shards. @throws FormatError */
export function parseShardIndex(text: string, format: CheckpointFormat): ShardIndex {
  const root = asObject(parseJson(text), 'the index')
  const weightMap = new Map<string, string>()
  // The file is other JSON, such as the config.json beside the weights.
  if (!root.has('weight_map'))
    throw new FormatError(
      'it is not a checkpoint: it has no weight_map, which names files of weights; give the folder of a model, an index or a file of weights',
    )
  for (const [name, shard] of asObject(root.get('weight_map'), 'its weight_map')) {
    checkName(name)
    if (typeof shard !== 'string')
      throw new FormatError(`weight_map.${quoted(name)} is not a file name; get the index of the model again`)
    checkShardName(shard, format)
    weightMap.set(name, shard)
  }
  const shards = [...new Set(weightMap.values())].sort()
  if (shards.length === 0) throw new FormatError('its weight_map is empty; get the index of the model again')
  if (shards.length > maxShards) {
    throw new FormatError(
      `it names ${shards.length} shards, more than the ${maxShards} that any model has; get the index of the model again`,
    )
  }
  return { weightMap, shards, metadata: root.get('metadata') ?? null }
}

function checkShardName(shard: string, { title, suffix }: CheckpointFormat): void {
  const leaves =
    /^([a-zA-Z]:|[/\\])/.test(shard) ||
    shard.includes('\\') ||
    hasControl(shard) ||
    shard.split('/').some((part) => part === '' || part === '.' || part === '..')
  if (leaves) {
    throw new FormatError(
      `shard ${quoted(shard)} would be read from outside the model's folder; put the shards beside the index and name them there`,
    )
  }
  if (formatOf(shard)?.suffix !== suffix || shard.endsWith('.json')) {
    throw new FormatError(
      `shard ${quoted(shard)} is not a ${suffix} file, as an index of ${title} names them; get the index of the model again`,
    )
  }
}
