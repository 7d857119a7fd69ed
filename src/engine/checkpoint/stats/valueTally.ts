// Counts a tensor's values as they are read in pieces, and adds up several parts of a tensor.
import { CountTable, type PatternCounts, sumCounts } from './countTable.ts'
import type { ElementFormat } from './elementFormat.ts'

export interface ValueTally {
  /** Counts by the element's bits; for wide types, by the upper half of the distance from `origin` as an f32. */
  readonly counts: PatternCounts
  /** Moments of wide types, which their counts do not determine exactly. */
  readonly moments: Moments | null
  /** The number from which the distances of wide types are counted (`originOf` of tensorTally.ts). */
  readonly origin: number
  /** Power of two that scales the distances of wide types before they are counted: 1, unless f64 distances exceed the range of f32. */
  readonly scale: number
}

interface ValueCollector {
  add(data: ArrayBuffer, count: number): void
  /** Called once, at the end. */
  tally(): ValueTally
}

/** Collects values of one format. */
export function collectValues(format: ElementFormat, origin: number): ValueCollector {
  return format.kind === 'narrow' ? narrowCollector(format.bytes) : wideCollector(format.values, origin)
}

/** Adds up the tallies of a tensor's parts, in the order of its rows, since sums in f64 depend on the order. */
export function sumTallies(unlike: readonly ValueTally[]): ValueTally {
  const scale = unlike.reduce((least, part) => Math.min(least, part.scale), Infinity)
  const parts = unlike.map((part) => scaledTo(part, scale))
  const moments = parts.flatMap((part) => part.moments ?? [])
  return {
    counts: sumCounts(parts.map(({ counts }) => counts)),
    moments: moments.length > 0 ? sumMoments(moments) : null,
    origin: parts.at(0)?.origin ?? 0,
    scale: parts.length > 0 ? scale : 1,
  }
}

/** The same counts for distances multiplied by a smaller `scale`. */
function scaledTo(tally: ValueTally, scale: number): ValueTally {
  if (tally.scale === scale) return tally
  const ratio = scale / tally.scale
  const { patterns, counts } = tally.counts
  const words = Uint32Array.from(patterns, (pattern) => pattern << 16)
  const singles = new Float32Array(words.buffer)
  for (let i = 0; i < singles.length; i++) singles[i] *= ratio
  const { moments } = tally
  return {
    ...tally,
    counts: { patterns: Uint16Array.from(words, (word) => word >>> 16), counts },
    moments: moments && { ...moments, sum: moments.sum * ratio, squares: moments.squares * ratio * ratio },
    scale,
  }
}

function narrowCollector(bytes: 1 | 2): ValueCollector {
  const table = new CountTable()
  return {
    add(data, count) {
      table.add(bytes === 2 ? new Uint16Array(data, 0, count) : new Uint8Array(data, 0, count))
    },
    tally: () => ({ counts: table.take(), moments: null, origin: 0, scale: 1 }),
  }
}

function wideCollector(
  values: (data: ArrayBuffer, count: number) => ArrayLike<number>,
  origin: number,
): ValueCollector {
  const table = new CountTable()
  let moments = noMoments()
  let scale = 1
  const counted = (): ValueTally => ({ counts: table.take(), moments, origin, scale })
  /** Tallies of earlier pieces, which were counted with a larger scale. */
  const before: ValueTally[] = []
  return {
    add(data, count) {
      const numbers = values(data, count)
      const isPlain = numbers instanceof Float32Array && origin === 0
      const fits = numbers instanceof Float64Array ? scaleFor(numbers, origin) : 1
      if (fits < scale) {
        before.push(counted())
        moments = noMoments()
        scale = fits
      }
      const singles = isPlain ? numbers : distances(numbers, origin, scale)
      table.addUpperHalves(new Uint32Array(singles.buffer, 0, count))
      if (isPlain) addSingles(moments, numbers)
      else addNumbers(moments, numbers, origin, scale)
    },
    tally: () => (before.length === 0 ? counted() : sumTallies([...before, counted()])),
  }
}

const greatestSingle = 2 ** 128 - 2 ** 104

/** 1 if an f32 holds all distances, else the power of two that brings the greatest of them near 1. */
function scaleFor(numbers: Float64Array, origin: number): number {
  let half = 0
  for (const number of numbers) {
    // Computed with halves, since the distance of two numbers near the limits of f64 is infinite.
    const distance = Math.abs(number / 2 - origin / 2)
    if (distance > half && distance < Infinity) half = distance
  }
  return half <= greatestSingle / 2 ? 1 : 2 ** -Math.floor(Math.log2(half))
}

/** A loop, since `Float32Array.from` with a function takes ten times as long. */
function distances(numbers: ArrayLike<number>, origin: number, scale: number): Float32Array<ArrayBuffer> {
  const singles = new Float32Array(numbers.length)
  const from = origin * scale
  for (let i = 0; i < numbers.length; i++) singles[i] = numbers[i] * scale - from
  return singles
}

/** Running sums (f64) of the scaled distances of numbers from an origin, and the extremes of the numbers themselves. */
export interface Moments {
  /** NaN and infinities, left out of everything below. */
  nonFinite: number
  count: number
  sum: number
  squares: number
  min: number
  max: number
}

function noMoments(): Moments {
  return { nonFinite: 0, count: 0, sum: 0, squares: 0, min: Infinity, max: -Infinity }
}

/** Adds the moments of several parts with the same origin, in their order. */
function sumMoments(parts: readonly Moments[]): Moments {
  return parts.reduce(
    (a, b) => ({
      nonFinite: a.nonFinite + b.nonFinite,
      count: a.count + b.count,
      sum: a.sum + b.sum,
      squares: a.squares + b.squares,
      min: Math.min(a.min, b.min),
      max: Math.max(a.max, b.max),
    }),
    noMoments(),
  )
}

function addNumbers(moments: Moments, numbers: ArrayLike<number>, origin = 0, scale = 1): void {
  const from = origin * scale
  for (let i = 0; i < numbers.length; i++) {
    const x = numbers[i]
    if (!Number.isFinite(x)) {
      moments.nonFinite++
      continue
    }
    moments.count++
    const distance = x * scale - from
    moments.sum += distance
    moments.squares += distance * distance
    moments.min = Math.min(moments.min, x)
    moments.max = Math.max(moments.max, x)
  }
}

/** As `addNumbers` for f32 and the origin 0; several times faster if all numbers are finite, as they nearly always are. */
function addSingles(moments: Moments, numbers: Float32Array): void {
  const extremes = extremesOf(new Int32Array(numbers.buffer, numbers.byteOffset, numbers.length))
  if (!Number.isFinite(extremes.min) || !Number.isFinite(extremes.max)) return addNumbers(moments, numbers)
  // Two accumulators for each sum, so that additions do not wait for one another.
  let [sum0, sum1, squares0, squares1] = [0, 0, 0, 0]
  const pairs = numbers.length & ~1
  for (let i = 0; i < pairs; i += 2) {
    const x = numbers[i]
    const y = numbers[i + 1]
    sum0 += x
    sum1 += y
    squares0 += x * x
    squares1 += y * y
  }
  if (pairs < numbers.length) {
    sum0 += numbers[pairs]
    squares0 += numbers[pairs] ** 2
  }
  moments.count += numbers.length
  moments.sum += sum0 + sum1
  moments.squares += squares0 + squares1
  moments.min = Math.min(moments.min, extremes.min)
  moments.max = Math.max(moments.max, extremes.max)
}

/**
 * Least and greatest f32 by their bits: once the lower bits of negative numbers are inverted, the patterns as signed
 * integers have the numbers' order, with the infinities and then NaN outermost.
 */
function extremesOf(patterns: Int32Array): { min: number; max: number } {
  let least = 0x7fffffff
  let most = -0x80000000
  for (let i = 0; i < patterns.length; i++) {
    const bits = patterns[i]
    const key = bits ^ ((bits >> 31) & 0x7fffffff)
    if (key < least) least = key
    if (key > most) most = key
  }
  const keys = new Int32Array([least, most])
  const bits = keys.map((key) => key ^ ((key >> 31) & 0x7fffffff))
  const [min, max] = new Float32Array(bits.buffer)
  return { min, max }
}
