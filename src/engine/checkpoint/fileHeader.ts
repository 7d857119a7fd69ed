// What a file of a checkpoint says it holds, and where each tensor lies.
import type { SafetensorsHeader, TensorInfo } from '../../shared/format/safetensorsHeader.ts'
import type { FilePlace } from './readHeader.ts'

/** Where a part of a bitmask lies. */
export interface PartPlace {
  readonly path: string
  /** First byte in the file. */
  readonly start: number
  readonly bytes: number
}

/** A matrix of which only the kept values are stored. */
export interface BitmaskPlace {
  readonly rows: number
  readonly columns: number
  /** Of a value. */
  readonly itemBytes: 1 | 2 | 4 | 8
  /** How many values there are. */
  readonly kept: number
  /** What all parts take. */
  readonly bytes: number
  readonly compressed: PartPlace
  readonly bits: PartPlace
  /** Where the values of each row begin; null for 2:4, of which each row has as many. */
  readonly offsets: PartPlace | null
}

/** Relative to the checkpoint's folder, and in full. */
interface FileName {
  readonly name: string
  readonly path: string
}

/** A tensor of a file, or of several, where only its kept values are stored. */
export type PlacedTensor = TensorInfo & { readonly bitmask?: BitmaskPlace }

export interface FileHeader extends Omit<SafetensorsHeader, 'tensors'>, FilePlace, FileName {
  readonly tensors: readonly PlacedTensor[]
}
