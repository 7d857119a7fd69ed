/** Patterns of 16 bits. */
const tableSize = 65536

/** Up to so many elements a short list is faster than tables of all patterns: a model can have a hundred thousand biases. */
const fewElements = 4096

export interface PatternCount {
  readonly pattern: number
  readonly count: number
}

/** How often each 16-bit pattern occurs: a pass of one addition an element, from which all else follows. */
export class CountTable {
  private readonly few = new Map<number, number>()
  private tables: Tables | null = null
  private pending = 0

  add(patterns: Uint8Array | Uint16Array): void {
    const tables = this.tablesFor(patterns.length)
    if (!tables) return patterns.forEach((pattern) => this.addOne(pattern))
    const { even, odd } = tables
    const pairs = patterns.length & ~1
    for (let i = 0; i < pairs; i += 2) {
      even[patterns[i]]++
      odd[patterns[i + 1]]++
    }
    if (pairs < patterns.length) even[patterns[pairs]]++
  }

  /** Counts the upper half of each word: of an f32 its sign, exponent and 7 bits of the fraction. */
  addUpperHalves(words: Uint32Array): void {
    const tables = this.tablesFor(words.length)
    if (!tables) return words.forEach((word) => this.addOne(word >>> 16))
    const { even, odd } = tables
    const pairs = words.length & ~1
    for (let i = 0; i < pairs; i += 2) {
      even[words[i] >>> 16]++
      odd[words[i + 1] >>> 16]++
    }
    if (pairs < words.length) even[words[pairs] >>> 16]++
  }

  /** Those that occur, by pattern. */
  counts(): PatternCount[] {
    if (!this.tables)
      return [...this.few].map(([pattern, count]) => ({ pattern, count })).sort((a, b) => a.pattern - b.pattern)
    const sum = collect(this.tables)
    const counts: PatternCount[] = []
    for (let pattern = 0; pattern < tableSize; pattern++)
      if (sum[pattern] > 0) counts.push({ pattern, count: sum[pattern] })
    return counts
  }

  private addOne(pattern: number): void {
    this.few.set(pattern, (this.few.get(pattern) ?? 0) + 1)
  }

  /** Null while there are few. A 32-bit count must not overflow. */
  private tablesFor(elements: number): Tables | null {
    this.pending += elements
    if (!this.tables && this.pending <= fewElements) return null
    if (!this.tables) {
      this.tables = noCounts()
      for (const [pattern, count] of this.few) this.tables.sum[pattern] = count
    }
    if (this.pending > 2 ** 31) {
      collect(this.tables)
      this.pending = elements
    }
    return this.tables
  }
}

/** Two tables by turns: the many zeros of a sparse tensor would otherwise wait for each other's additions. */
interface Tables {
  readonly even: Uint32Array
  readonly odd: Uint32Array
  readonly sum: Float64Array
}

function noCounts(): Tables {
  return { even: new Uint32Array(tableSize), odd: new Uint32Array(tableSize), sum: new Float64Array(tableSize) }
}

function collect({ even, odd, sum }: Tables): Float64Array {
  for (let p = 0; p < tableSize; p++) sum[p] += even[p] + odd[p]
  even.fill(0)
  odd.fill(0)
  return sum
}
