// A curve thinned to what pixels show. Buckets are of equal numbers of points; each keeps its first point, its lowest, its highest and
// its first gap, as `downsample` does, so that no spike is lost.
import type { Curve, FoldedCurve } from './curves.ts'

export interface ThinnedCurve {
  readonly x: Float32Array
  readonly y: Float32Array
  /** Least and greatest value in the bucket, beside each of its points; empty for a single run. */
  readonly low: Float32Array
  readonly high: Float32Array
}

const most = 4 // points that a bucket keeps

/** At most about `limit` points. */
export function thinCurve(curve: FoldedCurve, limit: number): ThinnedCurve {
  const length = curve.x.length
  const room = Math.max(2 * most, limit)
  let width = 1
  while (length / width > (width === 1 ? room : room / most)) width *= 2
  const picked: Picked = { indices: [], low: [], high: [] }
  for (let start = 0; start < length; start += width) pick(curve, start, Math.min(length, start + width), picked)
  return {
    x: Float32Array.from(picked.indices, (i) => curve.x[i]),
    y: Float32Array.from(picked.indices, (i) => curve.y[i]),
    low: Float32Array.from(picked.low),
    high: Float32Array.from(picked.high),
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
