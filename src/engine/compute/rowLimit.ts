// Limits how many rows of activations (tokens) go through a model together: as many as a pass asks for, until the device runs out of memory.

export class RowLimit {
  #most = Infinity
  /** Rows of the latest pass, which asked for the memory that was refused; 0 where it cannot have fewer. */
  #latest = 0

  /** The number of `wanted` items (windows) of `rowsEach` rows that go together: at least one. */
  take(wanted: number, rowsEach: number): number {
    const items = Math.max(1, Math.min(wanted, Math.floor(this.#most / rowsEach)))
    this.#latest = items > 1 ? items * rowsEach : 0
    return items
  }

  /** Limits passes to half the rows of the latest one; returns the limit, or null where that pass had a single item. */
  halve(): number | null {
    if (this.#latest === 0) return null
    this.#most = Math.floor(this.#latest / 2)
    this.#latest = 0
    return this.#most
  }
}

/** The number of `wanted` items (windows, batches) of `rowsEach` rows that go through the model together. Ask right before they do. */
export function itemsAtOnce({ rowLimit }: { readonly rowLimit?: RowLimit }, wanted: number, rowsEach: number): number {
  return rowLimit?.take(wanted, rowsEach) ?? Math.max(1, wanted)
}
