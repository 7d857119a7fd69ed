// The files of a checkpoint by their paths, the contents of each by its header, and the place of each tensor.
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
  /** How many values there are. */
  readonly kept: number
  /** Bytes of all parts. */
  readonly bytes: number
  readonly compressed: PartPlace
  readonly bits: PartPlace
  /** Starts of each row's values; null for 2:4, where each row has as many. */
  readonly offsets: PartPlace | null
}

/** Quantised blocks, read as F32 numbers. */
export interface QuantisedPlace {
  readonly type: WidenedType
  /** Elements of a block, and its bytes. */
  readonly block: number
  readonly blockBytes: number
  /** Bytes in the file. */
  readonly bytes: number
}

/** Relative to the checkpoint's folder, and in full. */
interface FileName {
  readonly name: string
  readonly path: string
}

/** A tensor of a file, or of several, where only its kept values are stored; or of quantised blocks. */
export type PlacedTensor = TensorInfo & { readonly bitmask?: BitmaskPlace; readonly quantised?: QuantisedPlace }

export interface FileHeader extends Omit<SafetensorsHeader, 'tensors'>, FilePlace, FileName {
  readonly tensors: readonly PlacedTensor[]
}

/** On this disk (filePool.ts), on the Hub (engine/hub/openRemote.ts), or as Blobs (openFiles.ts). */
export interface WeightFiles {
  /** Bytes read so far. */
  readonly bytesRead: number
  /** @throws EngineError 'bad-checkpoint' for what is no regular file. */
  sizeOf(path: string): Promise<number>
  /** Fills `target` from byte `start` of the file. @throws EngineError when the file ends before. */
  read(path: string, start: number, target: Uint8Array): Promise<void>
  /** @throws EngineError 'not-found', or 'bad-checkpoint' when it is too large or no UTF-8. */
  readText(path: string, maxBytes: number): Promise<string>
  /** Path of a shard that an index names. @throws EngineError 'bad-checkpoint' when it is missing or leads elsewhere. */
  shardPath(folder: string, name: string): Promise<string>
  close(): Promise<void>
}
