// The weight files of an output that takes shape: places are known, tensors arrive in any order.
import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { TensorInfo } from '../../catalog/formats/safetensorsHeader.ts'
import { EngineError } from '../errors.ts'
import { killPoint } from '../../system/killPoint.ts'
import { writeError } from '../../system/diskErrors.ts'
import type { Shard } from './shardLayout.ts'
import { mostAtOnce } from './filePool.ts'

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
