// The weight files of an unfinished output: places are known, tensors arrive in any order.
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeHeader, type TensorInfo } from '../../catalog/formats/safetensorsHeader.ts'
import { EngineError } from '../errors.ts'
import { killPoint } from '../../system/killPoint.ts'
import { writeError } from '../../system/diskErrors.ts'
import { mostAtOnce } from './regularFile.ts'
import { bytesOfTensor, type SafetensorsDtype } from '../../catalog/formats/dtypes.ts'
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
 * Fills shards in order: a shard ends when the next tensor would take it over `maxBytes`; a larger tensor gets a shard of its
 * own. A single shard is `model.safetensors`, several are `model-0000i-of-0000n.safetensors`.
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

/** Text of `model.safetensors.index.json`. `metadata`: of the source's index; its total_size is replaced. */
export function encodeIndex(shards: readonly Shard[], metadata: unknown): string {
  const total = shards.reduce((sum, s) => sum + s.bytes - s.header.length, 0)
  const weightMap: Record<string, string> = {}
  for (const shard of shards) for (const tensor of shard.tensors) weightMap[tensor.name] = shard.name
  return `${JSON.stringify({ metadata: { ...fieldsOf(metadata), total_size: total }, weight_map: weightMap }, null, 2)}\n`
}

/** The weight files in the temporary folder, all open, each of its final size from the start. */
export class ShardFiles {
  private readonly folder: string
  private readonly shards: readonly Shard[]
  private readonly handles = new Map<Shard, FileHandle>()
  private readonly places = new Map<string, { shard: Shard; tensor: TensorInfo }>()

  constructor(folder: string, shards: readonly Shard[]) {
    this.folder = folder
    this.shards = shards
    for (const shard of shards) for (const tensor of shard.tensors) this.places.set(tensor.name, { shard, tensor })
  }

  async prepare(): Promise<void> {
    for (const shard of this.shards) {
      const path = join(this.folder, shard.name)
      try {
        const handle = await open(path, 'wx')
        this.handles.set(shard, handle)
        await handle.truncate(shard.bytes)
        await writeAll(handle, shard.header, 0)
      } catch (error) {
        throw writeError(error, path)
      }
    }
  }

  async write(name: string, pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    const place = this.places.get(name)
    const handle = place && this.handles.get(place.shard)
    if (!place || !handle) throw new EngineError('internal', `${name} is not a tensor of this checkpoint`)
    const { shard, tensor } = place
    const first = shard.header.length + tensor.start
    const size = tensor.end - tensor.start
    let done = 0
    for await (const piece of pieces) {
      if (done + piece.length > size) break
      await writeAll(handle, piece, first + done).catch((error: unknown) => {
        throw writeError(error, join(this.folder, shard.name))
      })
      done += piece.length
    }
    if (done !== size) throw new EngineError('internal', `${name} has ${size} bytes, was given another number`)
  }

  async sync(): Promise<void> {
    for (const [shard, handle] of this.handles) {
      killPoint()
      await handle.sync().catch((error: unknown) => {
        throw writeError(error, join(this.folder, shard.name))
      })
    }
  }

  async close(): Promise<void> {
    const handles = [...this.handles.values()]
    this.handles.clear()
    for (const handle of handles) await handle.close()
  }
}

/** Writes all of `data` at byte `position` of a file. */
export async function writeAll(handle: FileHandle, data: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < data.length;) {
    done += (await handle.write(data, done, Math.min(mostAtOnce, data.length - done), position + done)).bytesWritten
  }
}
