// A tensor's bytes in pieces of whole rows.
import type { Checkpoint, TensorEntry } from '../checkpoint.ts'
import { bytePieces } from './bytePieces.ts'

export interface Piece {
  /** First element of the piece is at 0; aligned for every type. Valid until the next piece is asked for. */
  readonly data: ArrayBuffer
  readonly rows: number
  /** Elements. */
  readonly count: number
  readonly bytes: number
}

/** Large enough for the disk, small enough for the cache that is shared between cores. */
const defaultPieceBytes = 2 * 2 ** 20

/** Elements of a piece where they lie in another order: the file is read once for every piece. */
const stridedPieceBytes = 64 * 2 ** 20

export interface Matrix {
  readonly rows: number
  /** Elements of a row, the last dimension. */
  readonly columns: number
}

/** The shape as a matrix: all but the last dimension are rows; a vector is one column, so that it can be cut anywhere. */
export function matrixOf({ shape }: TensorEntry): Matrix {
  if (shape.length < 2) return { rows: shape[0] ?? 1, columns: 1 }
  const columns = shape[shape.length - 1]
  return { rows: shape.slice(0, -1).reduce((a, b) => a * b, 1), columns }
}

/** Rows [first, end) of a matrix. */
export interface RowRange {
  readonly first: number
  readonly end: number
}

export interface PieceOptions {
  /** Default: all rows. */
  range?: RowRange
  signal?: AbortSignal
  pieceBytes?: number
}

export async function* rowPieces(
  checkpoint: Checkpoint,
  entry: TensorEntry,
  elementBytes: number,
  { range, signal, pieceBytes = entry.strides ? stridedPieceBytes : defaultPieceBytes }: PieceOptions,
): AsyncGenerator<Piece> {
  const matrix = matrixOf(entry)
  const { first: start, end } = range ?? { first: 0, end: matrix.rows }
  const { columns } = matrix
  const rows = end - start
  const rowBytes = columns * elementBytes
  if (rows <= 0 || rowBytes === 0) return
  const step = Math.min(rows, Math.max(1, Math.floor(pieceBytes / rowBytes)))
  const data = [new ArrayBuffer(step * rowBytes), new ArrayBuffer(step * rowBytes)] as const
  const buffers = [new Uint8Array(data[0]), new Uint8Array(data[1])] as const
  const bytesOfRange = { start: start * rowBytes, end: end * rowBytes }
  for await (const { turn, bytes } of bytePieces(checkpoint, entry.name, bytesOfRange, buffers, signal))
    yield { data: data[turn], rows: bytes / rowBytes, count: bytes / elementBytes, bytes }
}
