/** Number of 16-bit patterns. */
const tableSize = 65536

/** Up to this many elements, a list is faster than tables of all patterns. A model can have a hundred thousand biases. */
export const fewElements = 4096

/** Patterns that occur, ascending, and how often each does. They are arrays because they are sent between threads. */
export interface PatternCounts {
  readonly patterns: Uint16Array
  readonly counts: Float64Array
}

/** Counts how often each 16-bit pattern occurs in less than 2³² elements: one addition per element, from which all statistics follow. */
export class CountTable {
  /** Patterns in the order in which they came, while there are at most `fewElements`. */
  private few = new Uint16Array(0)
  private tables: Tables | null = null
  private pending = 0

  add(patterns: Uint8Array | Uint16Array): void {
    const tables = this.tablesFor(patterns.length)
    if (!tables) return this.few.set(patterns, this.pending - patterns.length)
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
    if (!tables)
      return this.few.set(
        words.map((word) => word >>> 16),
        this.pending - words.length,
      )
    const { even, odd } = tables
    const pairs = words.length & ~1
    for (let i = 0; i < pairs; i += 2) {
      even[words[i] >>> 16]++
      odd[words[i + 1] >>> 16]++
    }
    if (pairs < words.length) even[words[pairs] >>> 16]++
  }

  /** Returns the counts; the table is empty afterwards. */
  take(): PatternCounts {
    const { tables } = this
    if (!tables) {
      const sorted = this.few.subarray(0, this.pending).sort()
      this.pending = 0
      return runsOf(sorted)
    }
    const { even, odd } = tables
    let found = 0
    for (let p = 0; p < tableSize; p++) found += (even[p] | odd[p]) === 0 ? 0 : 1
    const patterns = new Uint16Array(found)
    const counts = new Float64Array(found)
    for (let p = 0, i = 0; i < found; p++) {
      if ((even[p] | odd[p]) === 0) continue
      patterns[i] = p
      counts[i++] = even[p] + odd[p]
    }
    giveBack(tables)
    this.tables = null
    this.pending = 0
    return { patterns, counts }
  }

  /** The tables for `elements` more patterns; null while the list `few` has room for them. */
  private tablesFor(elements: number): Tables | null {
    const before = this.pending
    this.pending += elements
    if (this.tables) return this.tables
    if (this.pending <= fewElements) {
      if (this.few.length === 0) this.few = new Uint16Array(fewElements)
      return null
    }
    this.tables = noCounts()
    for (const pattern of this.few.subarray(0, before)) this.tables.even[pattern]++
    return this.tables
  }
}

/** Counts of ascending patterns. */
function runsOf(sorted: Uint16Array): PatternCounts {
  const patterns: number[] = []
  const counts: number[] = []
  for (let i = 0, from = 0; i < sorted.length; i++) {
    if (i + 1 < sorted.length && sorted[i + 1] === sorted[i]) continue
    patterns.push(sorted[i])
    counts.push(i + 1 - from)
    from = i + 1
  }
  return { patterns: Uint16Array.from(patterns), counts: Float64Array.from(counts) }
}

/** Two tables, used in turn: in one table, each zero of a sparse tensor would wait for the addition of the zero before it. */
interface Tables {
  readonly even: Uint32Array
  readonly odd: Uint32Array
}

/** Empty tables for the next tensor. A model has thousands, and allocating half a megabyte takes longer than counting a small tensor. */
const spare: Tables[] = []

function noCounts(): Tables {
  return spare.pop() ?? { even: new Uint32Array(tableSize), odd: new Uint32Array(tableSize) }
}

function giveBack(tables: Tables): void {
  tables.even.fill(0)
  tables.odd.fill(0)
  if (spare.length === 0) spare.push(tables)
}

/** Adds the counts of several parts of a tensor. */
export function sumCounts(parts: readonly PatternCounts[]): PatternCounts {
  if (parts.length === 1) return parts[0]
  const sum = new Map<number, number>()
  for (const { patterns, counts } of parts)
    patterns.forEach((pattern, i) => sum.set(pattern, (sum.get(pattern) ?? 0) + counts[i]))
  const patterns = Uint16Array.from(sum.keys()).sort()
  return { patterns, counts: Float64Array.from(patterns, (pattern) => sum.get(pattern) ?? 0) }
}
