// The place of every tensor of a checkpoint is decided before the first byte is written, so that tensors may come
// in any order.
import { bytesOfTensor, type SafetensorsDtype } from '../../catalog/formats/dtypes.ts'
import { encodeHeader, type TensorInfo } from '../../catalog/formats/safetensorsHeader.ts'
import { EngineError } from '../errors.ts'
import { fieldsOf } from '../../catalog/formats/json.ts'

export interface TensorSpec {
  readonly name: string
  readonly dtype: SafetensorsDtype
  readonly shape: readonly number[]
}

export interface Shard {
  readonly name: string
  readonly header: Uint8Array<ArrayBuffer>
  /** Places relative to the end of the header. */
  readonly tensors: readonly TensorInfo[]
  /** Bytes of the whole file. */
  readonly bytes: number
}

const maxShards = 10_000

/**
 * Fills shards in order: a shard ends when the next tensor would take it over `maxBytes`; a larger tensor has one to
 * itself. One shard is `model.safetensors`, more are `model-0000i-of-0000n.safetensors`.
 */
export function planShards(
  specs: readonly TensorSpec[],
  metadata: ReadonlyMap<string, string>,
  maxBytes: number,
): readonly Shard[] {
  const groups: TensorInfo[][] = [[]]
  let end = 0
  for (const { name, dtype, shape } of specs) {
    const bytes = bytesOfTensor(dtype, shape)
    if (bytes === null) throw new EngineError('internal', `${name}: ${dtype} [${shape.join(', ')}] cannot be stored`)
    if (end > 0 && end + bytes > maxBytes) {
      groups.push([])
      end = 0
    }
    groups[groups.length - 1].push({ name, dtype, shape, start: end, end: end + bytes })
    end += bytes
  }
  if (groups.length > maxShards) {
    throw new EngineError('usage', `max_shard would make ${groups.length} files; make it larger`)
  }
  return groups.map((tensors, i) => {
    const header = encodeHeader({ tensors, metadata })
    const bytes = header.length + (tensors.at(-1)?.end ?? 0)
    return { name: shardName(i, groups.length), header, tensors, bytes }
  })
}

function shardName(i: number, count: number): string {
  const digits = (n: number) => String(n).padStart(5, '0')
  return count === 1 ? 'model.safetensors' : `model-${digits(i + 1)}-of-${digits(count)}.safetensors`
}

/** Text of `model.safetensors.index.json`. `metadata`: the source's, whose total_size is replaced. */
export function encodeIndex(shards: readonly Shard[], metadata: unknown): string {
  const total = shards.reduce((sum, s) => sum + s.bytes - s.header.length, 0)
  const weightMap: Record<string, string> = {}
  for (const shard of shards) for (const tensor of shard.tensors) weightMap[tensor.name] = shard.name
  return `${JSON.stringify({ metadata: { ...fieldsOf(metadata), total_size: total }, weight_map: weightMap }, null, 2)}\n`
}
