// A tensor's bytes in pieces of whole rows, the next one being read while the caller works on this one.
import { throwIfCancelled } from '../../errors.ts'
import type { Checkpoint, TensorEntry } from '../checkpoint.ts'

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

export interface Matrix {
  readonly rows: number
  /** Elements of a row, the last dimension. */
  readonly columns: number
}

/** All but the last dimension as rows; a vector is one column of as many rows, so that it can be cut anywhere. */
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
  { range, signal, pieceBytes = defaultPieceBytes }: PieceOptions,
): AsyncGenerator<Piece> {
  const matrix = matrixOf(entry)
  const { first: start, end } = range ?? { first: 0, end: matrix.rows }
  const { columns } = matrix
  const rows = end - start
  const rowBytes = columns * elementBytes
  if (rows <= 0 || rowBytes === 0) return
  const step = Math.max(1, Math.floor(pieceBytes / rowBytes))
  const buffers = [0, 1].map(() => new ArrayBuffer(Math.min(step, rows) * rowBytes))
  const read = (first: number, turn: number) => {
    const bytes = Math.min(step, end - first) * rowBytes
    return checkpoint.readInto(entry.name, first * rowBytes, new Uint8Array(buffers[turn], 0, bytes))
  }
  let turn = 0
  let next = read(start, turn)
  for (let first = start; first < end; first += step) {
    throwIfCancelled(signal)
    await next
    const data = buffers[turn]
    turn ^= 1
    if (first + step < end) {
      next = read(first + step, turn)
      // If the caller stops before, nobody waits for this read: its error is not an unhandled one.
      next.catch(() => {})
    }
    const count = Math.min(step, end - first)
    yield { data, rows: count, count: count * columns, bytes: count * rowBytes }
  }
}
