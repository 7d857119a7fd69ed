// Reads a tensor's bytes in pieces, or in pieces of whole rows. The next piece is read while the caller works on the current one.
import type { Checkpoint, TensorEntry } from '../checkpoint.ts'
import type { NmPattern } from '../../../catalog/formats/sparsity.ts'
import { throwIfCancelled } from '../../errors.ts'

interface Piece {
  /** The piece begins at byte 0, aligned for every type. Valid until the next piece is requested. */
  readonly data: ArrayBuffer
  readonly rows: number
  /** Elements. */
  readonly count: number
  readonly bytes: number
}

/** Large enough for the disk, small enough for the cache that is shared between cores. */
const defaultPieceBytes = 2 * 2 ** 20

/** Bytes of a piece where the file has a tensor's elements in another order. Large, since each piece needs a pass over the file. */
const stridedPieceBytes = 64 * 2 ** 20

interface Matrix {
  readonly rows: number
  /** Elements of a row, the last dimension. */
  readonly columns: number
}

/** The shape as a matrix: all but the last dimension are rows; a vector is one column, which can be cut anywhere. */
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

/**
 * Bytes of the part that one thread scans, so that one large matrix uses all threads. Parts are cut by size alone, so that sums in
 * f64 are the same on any number of threads.
 */
const partBytes = 64 * 2 ** 20

interface Grouping {
  nm?: readonly NmPattern[]
  /** The matrix is stored [in, out]: groups run down the columns, and no group is cut. */
  transposed?: boolean
}

/** Ranges in the order of the rows, at least one. */
export function rangesOf(entry: TensorEntry, { nm = [], transposed }: Grouping): RowRange[] {
  const { rows } = matrixOf(entry)
  // A header may claim any number of empty rows.
  if (entry.bytes <= partBytes) return [{ first: 0, end: rows }]
  const group = transposed ? nm.reduce((common, { m }) => leastCommonMultiple(common, m), 1) : 1
  const step = Math.max(1, Math.floor((partBytes * rows) / entry.bytes / group)) * group
  const ranges: RowRange[] = []
  for (let first = 0; first < rows; first += step) ranges.push({ first, end: Math.min(rows, first + step) })
  return ranges
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b]
  while (y > 0) [x, y] = [y, x % y]
  return (a / x) * b
}

interface BytePiece {
  /** Index of the buffer with the piece at its beginning. The piece is valid until the next one is requested. */
  readonly turn: 0 | 1
  readonly bytes: number
}

/** Two buffers of the same length, which is the length of all pieces but the last. */
export type Buffers = readonly [Uint8Array, Uint8Array]

/** Bytes [start, end) of a tensor, read into the buffers by turns. @throws EngineError 'cancelled' or of the read. */
export async function* bytePieces(
  checkpoint: Checkpoint,
  name: string,
  { start, end }: { readonly start: number; readonly end: number },
  buffers: Buffers,
  signal?: AbortSignal,
): AsyncGenerator<BytePiece> {
  const step = buffers[0].length
  const read = (from: number, turn: 0 | 1) =>
    checkpoint.readInto(name, from, buffers[turn].subarray(0, Math.min(step, end - from)))
  let turn: 0 | 1 = 0
  let next = read(start, turn)
  for (let from = start; from < end; from += step) {
    throwIfCancelled(signal)
    await next
    const filled: 0 | 1 = turn
    turn = filled === 0 ? 1 : 0
    if (from + step < end) {
      next = read(from + step, turn)
      // If the caller stops earlier, this read is never awaited: its error must not count as unhandled.
      next.catch(() => {})
    }
    yield { turn: filled, bytes: Math.min(step, end - from) }
  }
}
