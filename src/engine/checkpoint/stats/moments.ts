// Sums and extremes of numbers that pass by in pieces. Sums are f64, of the distances from an origin; extremes are of the
// numbers themselves.

export interface Moments {
  /** NaN and infinities, left out of everything below. */
  nonFinite: number
  count: number
  sum: number
  squares: number
  min: number
  max: number
}

export function noMoments(): Moments {
  return { nonFinite: 0, count: 0, sum: 0, squares: 0, min: Infinity, max: -Infinity }
}

/** Adds the moments of several parts with the same origin, in their order. */
export function sumMoments(parts: readonly Moments[]): Moments {
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

export function addNumbers(moments: Moments, numbers: ArrayLike<number>, origin = 0): void {
  for (let i = 0; i < numbers.length; i++) {
    const x = numbers[i]
    if (!Number.isFinite(x)) {
      moments.nonFinite++
      continue
    }
    moments.count++
    const distance = x - origin
    moments.sum += distance
    moments.squares += distance * distance
    moments.min = Math.min(moments.min, x)
    moments.max = Math.max(moments.max, x)
  }
}

/** The same for f32 from 0, several times faster while all numbers are finite, as they nearly always are. */
export function addSingles(moments: Moments, numbers: Float32Array): void {
  const extremes = extremesOf(new Int32Array(numbers.buffer, numbers.byteOffset, numbers.length))
  if (!Number.isFinite(extremes.min) || !Number.isFinite(extremes.max)) return addNumbers(moments, numbers)
  // Two of each, so that additions do not wait for one another.
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
 * Least and greatest f32 by their bits: with the lower bits of negative numbers turned round, patterns as signed
 * integers are in the numbers' order, the infinities and then NaN outermost.
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
