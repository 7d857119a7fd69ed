// Messages between the scan of a checkpoint and the threads that read it.
import type { ErrorCode } from '../../errors.ts'
import type { NmPattern } from '../../../catalog/formats/sparsity.ts'
import type { RowRange } from './rowPieces.ts'
import type { TensorTally } from './tensorTally.ts'

/** One tensor to scan. */
export interface ScanItem {
  readonly name: string
  readonly nm: readonly NmPattern[]
  /** The matrix is stored [in, out]. */
  readonly transposed: boolean
}

/** Some of its rows, for one thread. */
export interface ScanTask extends ScanItem {
  readonly range: RowRange
}

export interface ScanStart {
  /** Path of the checkpoint, which every thread opens for itself. */
  readonly path: string
}

export type FromScan =
  | { readonly type: 'bytes'; readonly bytes: number }
  /** Tally of the task that was sent; null for a type that can only be listed. */
  | { readonly type: 'done'; readonly tally: TensorTally | null }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string }
