// Points of a curve, smoothed and thinned for drawing without hiding spikes or gaps.

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

/** Keeps at most about `limit` points, of each bucket the first, the extremes and every gap. A spike is never lost, since each bucket keeps its minimum and its maximum. */
export function downsample(points: readonly Point[], limit: number): Point[] {
  if (points.length <= limit || limit < 4) return [...points]
  const buckets = Math.floor(limit / 4)
  const kept: Point[] = []
  for (let b = 0; b < buckets; b++) {
    const from = Math.floor((b * points.length) / buckets)
    const to = Math.floor(((b + 1) * points.length) / buckets)
    for (const i of landmarks(points, from, to)) kept.push(points[i])
  }
  return kept
}

/** Indices, in order, of the first point, the minimum, the maximum and the first gap in [from, to). */
function landmarks(points: readonly Point[], from: number, to: number): number[] {
  let low = -1
  let high = -1
  let gap = -1
  for (let i = from; i < to; i++) {
    const { y } = points[i]
    if (y === null) {
      if (gap < 0) gap = i
      continue
    }
    if (low < 0 || y < (points[low].y ?? Infinity)) low = i
    if (high < 0 || y > (points[high].y ?? -Infinity)) high = i
  }
  const found = new Set([from, low, high, gap].filter((i) => i >= 0))
  return [...found].sort((a, b) => a - b)
}
