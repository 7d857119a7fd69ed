// What the header of a checkpoint's file contains, where each tensor is in the files, and how files are read.
import type { WidenedType } from '../../catalog/formats/gguf/ggmlTypes.ts'
import type { SafetensorsHeader, TensorInfo } from '../../catalog/formats/safetensorsHeader.ts'

/** The place of a header's tensors. */
export interface FilePlace {
  /** Size of the file. */
  readonly bytes: number
  /** Byte at which the data begins. */
  readonly dataStart: number
}

/** The place of a part of a bitmask. */
export interface PartPlace {
  readonly path: string
  /** First byte in the file. */
  readonly start: number
  readonly bytes: number
}

/** A matrix that is stored as its kept values only. */
export interface BitmaskPlace {
  readonly rows: number
  readonly columns: number
  /** Bytes of one value. */
  readonly itemBytes: 1 | 2 | 4 | 8
  /** Number of kept values. */
  readonly kept: number
  /** Bytes of all parts. */
  readonly bytes: number
  readonly compressed: PartPlace
  readonly bits: PartPlace
  /** Start of each row's values; null for 2:4, where all rows have the same number of values. */
  readonly offsets: PartPlace | null
}

/** Quantised blocks, read as F32 numbers. */
export interface QuantisedPlace {
  readonly type: WidenedType
  /** Elements of a block, and bytes of a block. */
  readonly block: number
  readonly blockBytes: number
  /** Bytes in the file. */
  readonly bytes: number
}

/** A file's name relative to the checkpoint's folder, and its full path. */
interface FileName {
  readonly name: string
  readonly path: string
}

/** A tensor that is stored whole, as its kept values only (in one file or several), or as quantised blocks. */
export type PlacedTensor = TensorInfo & { readonly bitmask?: BitmaskPlace; readonly quantised?: QuantisedPlace }

export interface FileHeader extends Omit<SafetensorsHeader, 'tensors'>, FilePlace, FileName {
  readonly tensors: readonly PlacedTensor[]
}

/** Access to files on this disk (filePool.ts), on the Hub (engine/hub/openRemote.ts), or in Blobs (openFiles.ts). */
export interface WeightFiles {
  /** Bytes read so far. */
  readonly bytesRead: number
  /** @throws EngineError 'bad-checkpoint' unless it is a regular file. */
  sizeOf(path: string): Promise<number>
  /** Fills `target` from byte `start` of the file. @throws EngineError when the file ends too early. */
  read(path: string, start: number, target: Uint8Array): Promise<void>
  /** @throws EngineError 'not-found', or 'bad-checkpoint' when it is too large or not UTF-8. */
  readText(path: string, maxBytes: number): Promise<string>
  /** Path of a shard that an index names. @throws EngineError 'bad-checkpoint' when it is missing or leads elsewhere. */
  shardPath(folder: string, name: string): Promise<string>
  close(): Promise<void>
}
