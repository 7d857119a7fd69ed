/** Patterns of 16 bits. */
export const tableSize = 65536

/** How often each 16-bit pattern occurs: a pass of one addition an element, from which all else follows. */
export class CountTable {
  // Two tables by turns: the many zeros of a sparse tensor would otherwise wait for each other's additions.
  private readonly even = new Uint32Array(tableSize)
  private readonly odd = new Uint32Array(tableSize)
  private readonly sum = new Float64Array(tableSize)
  private pending = 0

  add(patterns: Uint8Array | Uint16Array): void {
    const { even, odd } = this
    const pairs = patterns.length & ~1
    for (let i = 0; i < pairs; i += 2) {
      even[patterns[i]]++
      odd[patterns[i + 1]]++
    }
    if (pairs < patterns.length) even[patterns[pairs]]++
    this.counted(patterns.length)
  }

  /** Counts the upper half of each word: of an f32 its sign, exponent and 7 bits of the fraction. */
  addUpperHalves(words: Uint32Array): void {
    const { even, odd } = this
    const pairs = words.length & ~1
    for (let i = 0; i < pairs; i += 2) {
      even[words[i] >>> 16]++
      odd[words[i + 1] >>> 16]++
    }
    if (pairs < words.length) even[words[pairs] >>> 16]++
    this.counted(words.length)
  }

  totals(): Float64Array {
    const { even, odd, sum } = this
    for (let p = 0; p < tableSize; p++) sum[p] += even[p] + odd[p]
    even.fill(0)
    odd.fill(0)
    this.pending = 0
    return sum
  }

  /** A 32-bit count must not overflow. */
  private counted(elements: number): void {
    this.pending += elements
    if (this.pending > 2 ** 31) this.totals()
  }
}
