// The device as an operation sees it: dispatches in order, and scratch memory until its call ends.
import type { DType } from '../../dtype.ts'
import type { Tensor } from '../tensor.ts'
import type { Param, Variant } from './shader.ts'

export interface Dispatch {
  readonly variant: Variant
  /** Tensors in binding order; each at most `reachBytes` long. */
  readonly tensors: readonly Tensor[]
  /** After the offsets of the tensors. */
  readonly params: readonly Param[]
  readonly groups: readonly [number, number, number]
  /** Floating point operations, where they are many: for the estimate of waiting. */
  readonly flops?: number
}

export interface Gpu {
  /** What one dispatch goes through of a tensor, element by element; operations go through longer ones in windows. */
  readonly windowBytes: number
  /** The largest part of a tensor that can be bound: what products, and copies of some of its columns, reach over. */
  readonly reachBytes: number
  readonly smallSubgroups: boolean
  /** Floating point operations of a dispatch: what takes more is cut, to the same bytes. */
  readonly flopsPerDispatch: number
  /** The products on tensor cores, by element type of b, where they are asked for and the adapter has them. */
  readonly tensorProducts: readonly Variant[] | null
  run(dispatch: Dispatch): void
  /** Undefined contents; given back when the kernel call ends. */
  scratch(shape: readonly number[], dtype?: DType): Tensor
}

/** Pieces [start, end) of `length` things, each of at most `most` and, but for the last, a multiple of `multiple`. */
export function* pieces(length: number, most: number, multiple = 1): Generator<[number, number]> {
  const size = Math.max(multiple, Math.floor(most / multiple) * multiple)
  for (let start = 0; start < length; start += size) yield [start, Math.min(length, start + size)]
}
