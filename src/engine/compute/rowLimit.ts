// How many rows of activations (tokens) go through a model together: as many as a pass asks for, until the device has run out of memory.

export class RowLimit {
  #most = Infinity
  /** Rows of the latest pass, where it may have fewer; else 0. Memory that is refused was asked for by it. */
  #latest = 0

  /** Of `wanted` items (windows) that take `rowsEach`, how many go together: one at least. */
  take(wanted: number, rowsEach: number): number {
    const items = Math.max(1, Math.min(wanted, Math.floor(this.#most / rowsEach)))
    this.#latest = items > 1 ? items * rowsEach : 0
    return items
  }

  /** From now on half as many rows as the latest pass had; returns them, or null where that pass had a single item. */
  halve(): number | null {
    if (this.#latest === 0) return null
    this.#most = Math.floor(this.#latest / 2)
    this.#latest = 0
    return this.#most
  }
}

/** How many of `wanted` items (windows, batches) of `rowsEach` rows go through the model together. Ask right before they do. */
export function itemsAtOnce({ rowLimit }: { readonly rowLimit?: RowLimit }, wanted: number, rowsEach: number): number {
  return rowLimit?.take(wanted, rowsEach) ?? Math.max(1, wanted)
}
