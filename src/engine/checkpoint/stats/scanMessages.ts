// Between whoever scans a checkpoint and the threads that read it.
import type { TensorStats } from '../../../shared/protocol/inspect.ts'
import type { ErrorCode } from '../../errors.ts'
import type { NmPattern } from '../../../shared/format/nm.ts'

/** One tensor to scan. */
export interface ScanItem {
  readonly name: string
  readonly nm: readonly NmPattern[]
  /** The matrix is stored [in, out]. */
  readonly transposed: boolean
}

export interface ScanStart {
  /** Of the checkpoint: every thread opens it for itself. */
  readonly path: string
}

export type FromScan =
  | { readonly type: 'bytes'; readonly bytes: number }
  | { readonly type: 'stats'; readonly name: string; readonly stats: TensorStats | null }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string }
