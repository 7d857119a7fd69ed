// Points of a curve, smoothed and thinned for drawing without hiding spikes or gaps; the spread of several values.

export interface Point {
  x: number
  /** null where the loss was not a number. */
  y: number | null
  /** Standard error of y, in its unit; null: not known. */
  error?: number | null
  /** Range of several runs, `y` being their median. */
  low?: number
  high?: number
}

/**
 * An exponential mean without the start-up bias: a constant stays that constant.
 * s_t = w·s_{t−1} + (1−w)·y_t, divided by 1 − w^t. A null is kept as a null and leaves the mean as it was: a gap
 * stays visible. `weight` 0 returns the points as they are.
 */
export function smooth(points: readonly Point[], weight: number): Point[] {
  let mean = 0
  let seen = 0
  return points.map(({ x, y }) => {
    if (y === null || weight === 0) return { x, y }
    mean = weight * mean + (1 - weight) * y
    seen++
    return { x, y: mean / (1 - weight ** seen) }
  })
}

/** Keeps at most about `limit` points: the first point, the minimum, the maximum and the first gap of each bucket. No spike is lost. */
export function downsample(points: readonly Point[], limit: number): Point[] {
  if (points.length <= limit || limit < 4) return [...points]
  const buckets = Math.floor(limit / 4)
  const kept: Point[] = []
  for (let b = 0; b < buckets; b++) {
    const from = Math.floor((b * points.length) / buckets)
    const to = Math.floor(((b + 1) * points.length) / buckets)
    for (const i of landmarks((at) => points[at].y ?? NaN, from, to)) kept.push(points[i])
  }
  return kept
}

/** Sorted indices in [from, to) of the first value, the least, the greatest, and the first gap (NaN). */
export function landmarks(valueAt: (i: number) => number, from: number, to: number): number[] {
  let [low, high, gap] = [-1, -1, -1]
  for (let i = from; i < to; i++) {
    const value = valueAt(i)
    if (Number.isNaN(value)) {
      if (gap < 0) gap = i
      continue
    }
    if (low < 0 || value < valueAt(low)) low = i
    if (high < 0 || value > valueAt(high)) high = i
  }
  const found = new Set([from, low, high, gap].filter((i) => i >= 0))
  return [...found].sort((a, b) => a - b)
}

export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
  /** How many runs have a value. */
  readonly count: number
}

/** The median of an even number is the mean of the two in the middle. null: no value is known. */
export function spreadOf(values: readonly (number | null)[]): Spread | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b)
  const count = sorted.length
  if (count === 0) return null
  const [low, high] = [sorted[0], sorted[count - 1]]
  return { median: (sorted[(count - 1) >> 1] + sorted[count >> 1]) / 2, low, high, count }
}
