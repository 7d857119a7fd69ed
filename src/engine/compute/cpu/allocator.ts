// Keeps the free bytes of a growing memory: best fit over a list ordered by address, neighbours merged.

interface Span {
  start: number
  end: number
}

/** Bytes of a cache line and of an AVX-512 register: BLAS and the kernels read fastest from multiples of it. */
const alignment = 64

const align = (bytes: number) => Math.max(alignment, Math.ceil(bytes / alignment) * alignment)

export class Allocator {
  #free: Span[] = []
  readonly #sizes = new Map<number, number>()
  #top: number
  usedBytes = 0

  /** Addresses begin at `start`; nothing is there until `extend`. */
  constructor(start: number) {
    this.#top = start
  }

  /** End of the memory handed to this allocator so far. */
  get top(): number {
    return this.#top
  }

  /** Address of `bytes` bytes, or null when no free span is long enough. */
  take(bytes: number): number | null {
    const size = align(bytes)
    let best = -1
    for (let i = 0; i < this.#free.length; i++) {
      const length = this.#free[i].end - this.#free[i].start
      if (length < size) continue
      if (best < 0 || length < this.#free[best].end - this.#free[best].start) best = i
    }
    if (best < 0) return null
    const span = this.#free[best]
    const address = span.start
    span.start += size
    if (span.start === span.end) this.#free.splice(best, 1)
    this.#sizes.set(address, size)
    this.usedBytes += size
    return address
  }

  /** Bytes to add at the top so that `take(bytes)` succeeds: less than `bytes` when the last span is free. */
  shortfall(bytes: number): number {
    const last = this.#free.at(-1)
    return align(bytes) - (last && last.end === this.#top ? last.end - last.start : 0)
  }

  extend(bytes: number): void {
    const start = this.#top
    this.#top += bytes
    this.#insert({ start, end: this.#top })
  }

  /** Free spans of at least `bytes` bytes. */
  freeSpans(bytes: number): readonly Readonly<Span>[] {
    return this.#free.filter(({ start, end }) => end - start >= bytes)
  }

  holds(address: number): boolean {
    return this.#sizes.has(address)
  }

  /** Frees what was allocated at this address. Returns false if nothing was. */
  give(address: number): boolean {
    const size = this.#sizes.get(address)
    if (size === undefined) return false
    this.#sizes.delete(address)
    this.usedBytes -= size
    this.#insert({ start: address, end: address + size })
    return true
  }

  #insert(span: Span): void {
    let low = 0
    let high = this.#free.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#free[middle].start < span.start) low = middle + 1
      else high = middle
    }
    const after = this.#free[low]
    if (after && after.start === span.end) {
      after.start = span.start
      span = after
    } else this.#free.splice(low, 0, span)
    const before = this.#free[low - 1]
    if (before && before.end === span.start) {
      before.end = span.end
      this.#free.splice(low, 1)
    }
  }
}
