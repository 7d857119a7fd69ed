// Writes a copy of a source checkpoint with some tensors replaced: same names, order, element types and metadata. Replaced
// tensors arrive in any order; the rest is copied. Nothing is visible under the final name until everything is written.
import { writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { EngineError, throwIfCancelled } from '../errors.ts'
import { carryOver } from './carryOver.ts'
import type { Checkpoint } from './checkpoint.ts'
import { writeError } from '../../system/diskErrors.ts'
import { requireSpace, refuseOverlap } from './outputPlace.ts'
import { makePartial, promote, refuseExisting, removePartial } from './partialFolder.ts'
import { maxConfigBytes } from './modelConfigFile.ts'
import { encodeIndex, planShards, type Shard, ShardFiles } from './shardFiles.ts'
import { readSmallFile } from './regularFile.ts'

export interface WriterOptions {
  /** Largest shard in bytes; a larger tensor gets a shard of its own. */
  maxShardBytes: number
  /** Changes the text of config.json; by default it is copied. */
  editConfig?: (text: string) => string
  /** An empty folder of `makePartial` to write into; it is removed by `abort`. Default: a new one. */
  partial?: string
}

export interface CheckpointWriter {
  /** The folder under its temporary name. */
  readonly partial: string
  /** Bytes of all weight files. */
  readonly totalBytes: number
  /** A whole tensor, at once or in pieces. Writing one again replaces it. */
  write(name: string, data: Uint8Array | AsyncIterable<Uint8Array>): Promise<void>
  /** Copies every tensor not yet written from the source. `onProgress` gets bytes. */
  copyUnwritten(signal?: AbortSignal, onProgress?: (done: number, total: number) => void): Promise<void>
  /**
   * Adds the other files of the source and `extraFiles`, flushes everything to the disk, calls `verify`, and renames the
   * folder unless `verify` throws.
   * Returns links of the source that were left behind because they lead out of its folder.
   */
  finish(
    extraFiles: Readonly<Record<string, string | Uint8Array>>,
    verify?: () => Promise<void>,
  ): Promise<{ leftBehind: string[] }>
  /** Removes the temporary folder. Does nothing after `finish`, and may be called twice. */
  abort(): Promise<void>
}

const copyChunkBytes = 8 * 2 ** 20

/**
 * @throws EngineError 'exists' when `to` exists, 'usage' when it is in the source's folder, 'disk' when its place is full or
 * read-only. After an error in any method, call `abort`.
 */
export async function createWriter(source: Checkpoint, to: string, options: WriterOptions): Promise<CheckpointWriter> {
  await refuseOverlap(to, source.folder)
  await refuseExisting(to)
  const shards = planShards([...source.tensors.values()], source.metadata, options.maxShardBytes)
  const totalBytes = shards.reduce((sum, s) => sum + s.bytes, 0)
  await requireSpace([{ folder: dirname(resolve(to)), bytes: totalBytes, what: 'the result' }])
  const partial = options.partial ?? (await makePartial(to))
  const files = new ShardFiles(partial, shards)
  const written = new Set<string>()
  let finished = false

  const writer: CheckpointWriter = {
    partial,
    totalBytes,
    async write(name, data) {
      written.delete(name)
      const pieces = data instanceof Uint8Array ? [data] : data
      await files.write(name, pieces)
      written.add(name)
    },
    async copyUnwritten(signal, onProgress) {
      const rest = shards.flatMap((s) => s.tensors).filter((t) => !written.has(t.name))
      const total = rest.reduce((sum, t) => sum + t.end - t.start, 0)
      let done = 0
      for (const { name } of rest) {
        const chunks = chunksOf(source, name, signal, (bytes) => {
          done += bytes
          onProgress?.(done, total)
        })
        await writer.write(name, chunks)
      }
    },
    async finish(extraFiles, verify) {
      const missing = shards.flatMap((s) => s.tensors).find((t) => !written.has(t.name))
      if (missing) throw new EngineError('internal', `${missing.name} was never written`)
      await files.sync()
      await files.close()
      const leftBehind = await addOtherFiles(source, shards, partial, options.editConfig, extraFiles)
      await verify?.()
      await promote(partial, to)
      finished = true
      return { leftBehind }
    },
    async abort() {
      await files.close()
      if (!finished) await removePartial(partial)
    },
  }
  try {
    await files.prepare()
  } catch (error) {
    await writer.abort()
    throw error
  }
  return writer
}

async function* chunksOf(
  source: Checkpoint,
  name: string,
  signal: AbortSignal | undefined,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const bytes = source.tensors.get(name)?.bytes ?? 0
  for (let start = 0; start < bytes; start += copyChunkBytes) {
    throwIfCancelled(signal)
    const end = Math.min(start + copyChunkBytes, bytes)
    yield await source.readRange(name, start, end)
    onBytes(end - start)
  }
}

async function addOtherFiles(
  source: Checkpoint,
  shards: readonly Shard[],
  partial: string,
  editConfig: WriterOptions['editConfig'],
  extraFiles: Readonly<Record<string, string | Uint8Array>>,
): Promise<string[]> {
  try {
    const leftBehind = await carryOver(source.folder, partial)
    const files: Record<string, string | Uint8Array> = { ...extraFiles }
    if (shards.length > 1) files['model.safetensors.index.json'] = encodeIndex(shards, source.indexMetadata)
    if (editConfig) {
      const text = await readSmallFile(join(source.folder, 'config.json'), maxConfigBytes)
      files['config.json'] = editConfig(text)
    }
    for (const [name, data] of Object.entries(files)) await writeFile(join(partial, name), data, { flush: true })
    return leftBehind
  } catch (error) {
    throw writeError(error, partial)
  }
}
