// A curve thinned to what pixels show, and as it grows only what is new of it. Buckets are of equal numbers of points; each
// keeps its first point, its lowest, its highest and its first gap, as `downsample` does, so that no spike is lost.
import type { Curve, FoldedCurve } from './curves.ts'

export interface ThinnedPart {
  /** How many of the points sent before still count: the rest is replaced. */
  readonly keep: number
  readonly x: Float32Array
  readonly y: Float32Array
  /** Least value in the bucket, beside each of its points; empty for a single run. */
  readonly low: Float32Array
  readonly high: Float32Array
}

const most = 4 // points that a bucket keeps

export class CurveThinner {
  readonly limit: number
  /** Points of the curve in a bucket. */
  private width = 1
  /** Whole buckets that have been sent and do not change, and the points that were kept of them. */
  private buckets = 0
  private kept = 0

  /** At most about `limit` points are kept. */
  constructor(limit: number) {
    this.limit = Math.max(2 * most, limit)
  }

  /** The part that has changed since the last call, for the same curve grown longer. */
  next(curve: FoldedCurve): ThinnedPart {
    const length = curve.x.length
    const before = this.width
    while (length / this.width > (this.width === 1 ? this.limit : this.limit / most)) this.width *= 2
    if (this.width !== before) this.buckets = this.kept = 0
    const keep = this.kept
    const from = this.buckets * this.width
    const picked: Picked = { indices: [], low: [], high: [] }
    for (let start = from; start < length; start += this.width) {
      const end = Math.min(length, start + this.width)
      pick(curve, start, end, picked)
      if (end > Math.min(curve.settled, length) || end - start < this.width) continue
      this.buckets++
      this.kept = keep + picked.indices.length
    }
    return {
      keep,
      x: Float32Array.from(picked.indices, (i) => curve.x[i]),
      y: Float32Array.from(picked.indices, (i) => curve.y[i]),
      low: Float32Array.from(picked.low),
      high: Float32Array.from(picked.high),
    }
  }
}

interface Picked {
  readonly indices: number[]
  readonly low: number[]
  readonly high: number[]
}

function pick(curve: FoldedCurve, start: number, end: number, picked: Picked): void {
  const landmarks = landmarksOf(curve, start, end)
  picked.indices.push(...landmarks)
  if (curve.low.length === 0) return
  let [low, high] = [Infinity, -Infinity]
  for (let i = start; i < end; i++) {
    if (curve.low[i] < low) low = curve.low[i]
    if (curve.high[i] > high) high = curve.high[i]
  }
  for (let i = 0; i < landmarks.length; i++) {
    picked.low.push(low)
    picked.high.push(high)
  }
}

/** Indices of the first point, the least, the greatest and the first gap, in order and without repeats. */
function landmarksOf({ y }: Curve, start: number, end: number): number[] {
  let [low, high, gap] = [-1, -1, -1]
  for (let i = start; i < end; i++) {
    if (Number.isNaN(y[i])) {
      if (gap < 0) gap = i
      continue
    }
    if (low < 0 || y[i] < y[low]) low = i
    if (high < 0 || y[i] > y[high]) high = i
  }
  const found = [start, low, high, gap].filter((i, at, all) => i >= 0 && all.indexOf(i) === at)
  return found.sort((a, b) => a - b)
}
