// Cuts a product out[m, n] into a grid of pieces, one single-threaded BLAS call each.

export interface ProductGrid {
  /** Size of a piece; the last of a row or column may be smaller. */
  readonly rows: number
  readonly columns: number
  readonly pieces: number
}

/** Products of fewer multiply-adds run in the calling thread: waking another takes longer. */
const smallProduct = 2 ** 17
/** A piece with at least twice as many rows or columns is cut again, into up to `mostPerThread`. */
const widePiece = 1024
const mostPerThread = 4
/** Pieces begin at cache lines and fill whole vectors. */
const grain = 16

/**
 * BLAS packs both operands of a piece before it multiplies. Packing a row of the left one takes as long as multiplying it by
 * `packRow` columns; `packColumn` is the same for a column of the right one. Fitted to OpenBLAS on AVX-512, 2 to 16 pieces.
 */
const packRow = 24
export const packColumn = {
  packed: 0,
  plain: 6,
  transposed: 12,
  /** Transposed and fetched from memory by every thread, or unpacked from 16 bits by every thread. */
  transposedFar: 24,
} as const

/**
 * The grid of at most `threads` pieces with the least estimated time. Wide pieces are cut again into up to four, so that one
 * delayed thread does not delay all. The grid depends on the arguments only, so the same machine computes the same bytes.
 * Columns are cut at multiples of `columnGrain`.
 */
export function productGrid(
  threads: number,
  m: number,
  n: number,
  k: number,
  packColumns: number,
  columnGrain = grain,
): ProductGrid {
  if (m === 0 || n === 0) return { rows: m, columns: n, pieces: 0 }
  const most = Math.max(1, Math.min(threads, Math.floor((m * n * k) / smallProduct)))
  let best = { rows: m, columns: n, time: Infinity }
  for (let down = 1; down <= most; down++) {
    for (let across = 1; down * across <= most; across++) {
      const rows = pieceOf(m, down)
      const columns = pieceOf(n, across, columnGrain)
      const time = rows * columns + packRow * rows + packColumns * columns
      if (time < best.time) best = { rows, columns, time }
    }
  }
  const several = (length: number) => Math.max(1, Math.min(mostPerThread, Math.floor(length / widePiece)))
  const { rows, columns } =
    best.rows > best.columns
      ? { ...best, rows: pieceOf(best.rows, several(best.rows)) }
      : { ...best, columns: pieceOf(best.columns, several(best.columns), columnGrain) }
  return { rows, columns, pieces: Math.ceil(m / rows) * Math.ceil(n / columns) }
}

/** Length of a piece when `total` is cut into `parts` about equal pieces: a multiple of `whole`. */
export function pieceOf(total: number, parts: number, whole = grain): number {
  return Math.min(total, Math.ceil(total / parts / whole) * whole)
}

export interface Piece {
  readonly row: number
  readonly rows: number
  readonly column: number
  readonly columns: number
}

/** Piece `index` of out[m, n], counted row by row. */
export function pieceAt(index: number, m: number, n: number, rows: number, columns: number): Piece {
  const across = Math.ceil(n / columns)
  const row = Math.floor(index / across) * rows
  const column = (index % across) * columns
  return { row, rows: Math.min(rows, m - row), column, columns: Math.min(columns, n - column) }
}
