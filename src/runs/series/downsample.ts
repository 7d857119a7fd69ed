// Fewer points for drawing that keep what matters: of each bucket the first, the extremes and every gap.
import type { Point } from './smooth.ts'

/** Keeps at most about `limit` points. A spike is never lost, since each bucket keeps its minimum and its maximum. */
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
