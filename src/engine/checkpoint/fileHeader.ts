// The contents of a checkpoint's file by its header, and the place of each tensor.
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
