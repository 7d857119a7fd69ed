// Sparsity has one definition: zeros over weights. The sparsity of several matrices comes from their sums, never from a mean
// of their sparsities, which a small matrix would move as far as a large one.

/** Zeros of a matrix, or of several. */
export interface ZeroCount {
  readonly zeros: number
  /** Number of weights. */
  readonly size: number
}

/** Share of zeros in all of them together; null where there are no weights, or where one does not say how many it has. */
export function sparsityOf(parts: Iterable<ZeroCount>): number | null {
  let zeros = 0
  let size = 0
  for (const part of parts) {
    zeros += part.zeros
    size += part.size
  }
  return size > 0 ? zeros / size : null
}
