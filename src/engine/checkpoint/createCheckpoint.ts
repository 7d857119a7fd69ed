// An opened checkpoint: names, types, shapes and places of all tensors, and reads of any byte range of them. Its files may be on a disk,
// on the Hub or in memory (fileHeader.ts), and no file is ever held whole.
import type { SafetensorsDtype } from '../../catalog/formats/dtypes.ts'
import { quoted } from '../../errors.ts'
import { isGguf } from '../../catalog/formats/checkpointFormats.ts'
import { bf16ToF32, f16ToF32 } from '../dtype.ts'
import { EngineError } from '../errors.ts'
import type { BitmaskPlace, FileHeader, QuantisedPlace, WeightFiles } from './fileHeader.ts'
import { readBitmask } from './bitmask/readBitmask.ts'
import { readQuantised } from './gguf/readGgufFile.ts'
import { readStrided } from './torch/readStrided.ts'
import type { StoredMasks } from './storedMask.ts'

export interface TensorEntry {
  readonly name: string
  readonly dtype: SafetensorsDtype
  readonly shape: readonly number[]
  /** Relative to the checkpoint's folder. */
  readonly file: string
  /** First byte in the file. */
  readonly start: number
  readonly bytes: number
  /** Strides in elements. Set only if the elements are not contiguous in row-major order. */
  readonly strides?: readonly number[]
  /** Place of the parts. Set only if just the kept values are stored: `bytes` is then the size of the dense matrix. */
  readonly bitmask?: BitmaskPlace
  /** Blocks in the file. Set only if the weights are quantised: `dtype` and `bytes` are then those of the unpacked numbers. */
  readonly quantised?: QuantisedPlace
}

export interface CheckpointFile {
  /** Relative to the checkpoint's folder. */
  readonly name: string
  readonly path: string
  readonly bytes: number
  readonly metadata: ReadonlyMap<string, string>
}

export interface Checkpoint {
  /** The path as it was given: folder, index or file. */
  readonly path: string
  /** The folder of config.json, tokenizer.json and the weights. */
  readonly folder: string
  readonly files: readonly CheckpointFile[]
  /** Tensors by name, file after file, in the order of the headers. */
  readonly tensors: ReadonlyMap<string, TensorEntry>
  /** `__metadata__` of all files. If several files have a key, the first file's value counts. */
  readonly metadata: ReadonlyMap<string, string>
  /** `metadata` of the index, null for a single file. */
  readonly indexMetadata: unknown
  /** config.json as parsed, null when it is missing. */
  readonly config: unknown
  /** Masks that are applied to weights as they are read, by weight name. Absent: the weights are read as they are stored. */
  readonly masks?: StoredMasks
  /** Set if the model is on the Hub: none of its files are on this disk, and no other thread can open it by its path. */
  readonly remote?: true
  /** Bytes read from the weight files so far, headers included. */
  bytesRead(): number
  /** A whole tensor's bytes, as stored. @throws EngineError when there is no such tensor. */
  read(name: string): Promise<Uint8Array<ArrayBuffer>>
  /** Bytes [start, end) of a tensor. */
  readRange(name: string, start: number, end: number): Promise<Uint8Array<ArrayBuffer>>
  /** Fills `target` from byte `start` of a tensor. */
  readInto(name: string, start: number, target: Uint8Array): Promise<void>
  close(): Promise<void>
}

/** Bytes of a tensor in its files. */
export function bytesOnDisk({
  bytes,
  bitmask,
  quantised,
}: Pick<TensorEntry, 'bytes' | 'bitmask' | 'quantised'>): number {
  return (bitmask ?? quantised)?.bytes ?? bytes
}

/** Element type as the file names it, for display. */
export function storedType({ dtype, quantised }: { dtype: string; quantised?: QuantisedPlace }): string {
  return quantised?.type ?? dtype
}

/** Whether a checkpoint consists of GGUF files, which can only be inspected. */
export function isOfGguf({ files }: Pick<Checkpoint, 'files'>): boolean {
  return isGguf(files.at(0)?.name ?? '')
}

/** Makes a checkpoint from headers that have been read. The checkpoint takes ownership of `pool`. */
export function createCheckpoint(parts: {
  path: string
  folder: string
  pool: WeightFiles
  headers: readonly FileHeader[]
  indexMetadata: unknown
  config: unknown
}): Checkpoint {
  const { path, folder, pool, headers, indexMetadata, config } = parts
  const tensors = new Map<string, TensorEntry>()
  const paths = new Map<string, string>()
  const metadata = new Map<string, string>()
  for (const header of headers) {
    paths.set(header.name, header.path)
    // The fields are named one by one: a rest pattern (`...rest`) takes ten times as long, and there are thousands of tensors.
    for (const { name, dtype, shape, start, end, strides, bitmask, quantised } of header.tensors) {
      const place = { file: header.name, start: header.dataStart + start, bytes: end - start }
      const parts = { ...(strides && { strides }), ...(bitmask && { bitmask }), ...(quantised && { quantised }) }
      tensors.set(name, { name, dtype, shape, ...place, ...parts })
    }
    for (const [key, value] of header.metadata) if (!metadata.has(key)) metadata.set(key, value)
  }

  async function readInto(name: string, start: number, target: Uint8Array): Promise<void> {
    const entry = entryOf(tensors, name, path)
    if (start < 0 || start + target.length > entry.bytes) {
      throw new EngineError(
        'internal',
        `read of ${start} + ${target.length} bytes of ${name}, which has ${entry.bytes}`,
      )
    }
    const file = paths.get(entry.file) ?? entry.file
    const { strides, bitmask, quantised } = entry
    if (bitmask) await readBitmask(pool, name, bitmask, start, target)
    else if (quantised) await readQuantised(pool, file, quantised, entry.start, start, target)
    else if (strides) await readStrided(pool, file, { ...entry, strides }, start, target)
    else await pool.read(file, entry.start + start, target)
  }
  return {
    path,
    folder,
    files: headers.map((h) => ({ name: h.name, path: h.path, bytes: h.bytes, metadata: h.metadata })),
    tensors,
    metadata,
    indexMetadata,
    config,
    bytesRead: () => pool.bytesRead,
    ...readsBy(readInto, (name) => entryOf(tensors, name, path).bytes),
    close: () => pool.close(),
  }
}

/** All ways to read a tensor, built on `readInto`. `bytesOf`: bytes of a whole tensor. */
export function readsBy(
  readInto: Checkpoint['readInto'],
  bytesOf: (name: string) => number,
): Pick<Checkpoint, 'read' | 'readRange' | 'readInto'> {
  const readRange = async (name: string, start: number, end: number) => {
    const target = new Uint8Array(end - start)
    await readInto(name, start, target)
    return target
  }
  return { read: async (name) => readRange(name, 0, bytesOf(name)), readRange, readInto }
}

function entryOf(tensors: ReadonlyMap<string, TensorEntry>, name: string, path: string): TensorEntry {
  const entry = tensors.get(name)
  if (entry) return entry
  throw new EngineError('bad-checkpoint', `${path} has no tensor ${quoted(name)}; is config.json from another model?`)
}

/** Shape and values in row-major order; null if there is no such tensor. @throws EngineError 'bad-data' unless it is F32, F16 or BF16. */
export async function readF32Tensor(
  file: Checkpoint,
  name: string,
): Promise<{ shape: readonly number[]; values: Float32Array } | null> {
  const entry = file.tensors.get(name)
  if (!entry) return null
  const { buffer } = await file.read(name)
  switch (entry.dtype) {
    case 'F32':
      return { shape: entry.shape, values: new Float32Array(buffer) }
    case 'F16':
      return { shape: entry.shape, values: Float32Array.from(new Uint16Array(buffer), f16ToF32) }
    case 'BF16':
      return { shape: entry.shape, values: Float32Array.from(new Uint16Array(buffer), bf16ToF32) }
    default:
      throw new EngineError('bad-data', `${file.path}: ${name} is ${entry.dtype}; F32, F16 and BF16 are read here`)
  }
}
