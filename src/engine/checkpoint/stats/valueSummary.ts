// Minimum, maximum, mean, deviation and histogram of a tensor that passes by in pieces.
import type { Histogram } from '../../../shared/protocol/inspect.ts'
import type { ElementFormat } from './elementFormat.ts'

export interface ValueSummary {
  /** NaN and infinite values; the others are of the finite ones, null when there are none. */
  nonFinite: number
  min: number | null
  max: number | null
  mean: number | null
  /** Of the population (divided by n). */
  std: number | null
  histogram: Histogram | null
}

export interface ValueCollector {
  add(data: ArrayBuffer, count: number): void
  summary(): ValueSummary
}

const histogramBins = 64
/** Patterns of 16 bits. */
const tableSize = 65536

export function collectValues(format: ElementFormat): ValueCollector {
  return format.kind === 'narrow' ? narrowCollector(format.bytes, format.decode) : wideCollector(format.values)
}

/** Exact: counts of all patterns determine everything. */
function narrowCollector(bytes: 1 | 2, decode: (pattern: number) => number): ValueCollector {
  const totals = new Float64Array(tableSize)
  const table = new CountTable(totals)
  return {
    add(data, count) {
      if (bytes === 2) table.add(new Uint16Array(data, 0, count))
      else table.add(new Uint8Array(data, 0, count))
    },
    summary() {
      const values: Counted[] = []
      for (let pattern = 0; pattern < tableSize; pattern++) {
        if (totals[pattern] > 0) values.push({ value: decode(pattern), count: totals[pattern] })
      }
      const finite = values.filter((v) => Number.isFinite(v.value))
      const nonFinite = values.reduce((sum, v) => sum + (Number.isFinite(v.value) ? 0 : v.count), 0)
      if (finite.length === 0) return empty(nonFinite)
      const n = finite.reduce((sum, v) => sum + v.count, 0)
      const mean = finite.reduce((sum, v) => sum + v.value * v.count, 0) / n
      const variance = finite.reduce((sum, v) => sum + (v.value - mean) ** 2 * v.count, 0) / n
      const min = finite.reduce((least, v) => Math.min(least, v.value), Infinity)
      const max = finite.reduce((most, v) => Math.max(most, v.value), -Infinity)
      return { nonFinite, min, max, mean, std: Math.sqrt(variance), histogram: histogramOf(finite, min, max) }
    },
  }
}

interface Counted {
  value: number
  count: number
}

/** Counts patterns in two tables by turns: the zeros of a sparse tensor would else wait for each other's additions. */
class CountTable {
  private readonly totals: Float64Array
  private readonly even = new Uint32Array(tableSize)
  private readonly odd = new Uint32Array(tableSize)

  constructor(totals: Float64Array) {
    this.totals = totals
  }

  add(patterns: Uint8Array | Uint16Array): void {
    const { even, odd, totals } = this
    const pairs = patterns.length & ~1
    for (let i = 0; i < pairs; i += 2) {
      even[patterns[i]]++
      odd[patterns[i + 1]]++
    }
    if (pairs < patterns.length) even[patterns[pairs]]++
    for (let p = 0; p < tableSize; p++) totals[p] += even[p] + odd[p]
    even.fill(0)
    odd.fill(0)
  }
}

/**
 * Sums in f64; the histogram from counts by sign, exponent and the first 7 bits of the fraction, so that a value may
 * stand 0.4 % beside its place.
 */
function wideCollector(values: (data: ArrayBuffer, count: number) => ArrayLike<number>): ValueCollector {
  const totals = new Float64Array(tableSize)
  const table = new CountTable(totals)
  const moments: Moments = { nonFinite: 0, count: 0, sum: 0, squares: 0, min: Infinity, max: -Infinity }
  return {
    add(data, count) {
      const numbers = values(data, count)
      addMoments(moments, numbers)
      const single = numbers instanceof Float32Array ? numbers : Float32Array.from(numbers)
      table.add(upperHalves(new Uint32Array(single.buffer, single.byteOffset, count)))
    },
    summary() {
      const { nonFinite, count, sum, squares, min, max } = moments
      if (count === 0) return empty(nonFinite)
      const mean = sum / count
      const std = Math.sqrt(Math.max(0, squares / count - mean * mean))
      return { nonFinite, min, max, mean, std, histogram: histogramOf(middles(totals, min, max), min, max) }
    },
  }
}

interface Moments {
  nonFinite: number
  count: number
  sum: number
  squares: number
  min: number
  max: number
}

function addMoments(moments: Moments, numbers: ArrayLike<number>): void {
  let { nonFinite, sum, squares, min, max } = moments
  for (let i = 0; i < numbers.length; i++) {
    const x = numbers[i]
    // Only NaN and the infinities differ from themselves so.
    if (x - x !== 0) {
      nonFinite++
      continue
    }
    sum += x
    squares += x * x
    if (x < min) min = x
    if (x > max) max = x
  }
  moments.count += numbers.length - (nonFinite - moments.nonFinite)
  Object.assign(moments, { nonFinite, sum, squares, min, max })
}

function upperHalves(words: Uint32Array): Uint16Array {
  const halves = new Uint16Array(words.length)
  for (let i = 0; i < words.length; i++) halves[i] = words[i] >>> 16
  return halves
}

/** The middle of each pattern's range, kept within the values seen. */
function middles(totals: Float64Array, min: number, max: number): Counted[] {
  const bits = new Uint32Array(1)
  const value = new Float32Array(bits.buffer)
  const result: Counted[] = []
  for (let pattern = 0; pattern < tableSize; pattern++) {
    if (totals[pattern] === 0) continue
    const isZero = (pattern & 0x7fff) === 0
    bits[0] = (pattern << 16) | (isZero ? 0 : 0x8000)
    if (Number.isNaN(value[0]) || !Number.isFinite(value[0])) continue
    result.push({ value: Math.min(max, Math.max(min, value[0])), count: totals[pattern] })
  }
  return result
}

function histogramOf(values: readonly Counted[], from: number, to: number): Histogram {
  const counts = new Array<number>(histogramBins).fill(0)
  const scale = to > from ? histogramBins / (to - from) : 0
  for (const { value, count } of values) {
    counts[Math.min(histogramBins - 1, Math.floor((value - from) * scale))] += count
  }
  return { from, to, counts }
}

function empty(nonFinite: number): ValueSummary {
  return { nonFinite, min: null, max: null, mean: null, std: null, histogram: null }
}
