// The curves as the host sends them.
import type { CurvePart } from '../../src/protocol/sweepView.ts'
import type { Point } from '../../src/runs/series/smooth.ts'
import { floatsOf } from '../shared/base64.ts'

export interface CurveData {
  readonly x: readonly number[]
  /** NaN: not a number. */
  readonly y: readonly number[]
  /** Range over several seeds; empty for a single run. */
  readonly low: readonly number[]
  readonly high: readonly number[]
}

export function emptyCurve(): CurveData {
  return { x: [], y: [], low: [], high: [] }
}

export function curveIn({ x, y, low, high }: CurvePart): CurveData {
  const [xs, ys, lows, highs] = [x, y, low, high].map((values) => [...floatsOf(values)])
  return { x: xs, y: ys, low: lows, high: highs }
}

export function pointsOf({ x, y, low, high }: CurveData): Point[] {
  return x.map((at, i) => ({
    x: at,
    y: Number.isNaN(y[i]) ? null : y[i],
    ...(low.length > 0 && { low: low[i], high: high[i] }),
  }))
}

export interface Extent {
  readonly x: [low: number, high: number]
  readonly y: [low: number, high: number]
}

/** Range of all points that can be shown; null where there are none. */
export function extentOf(curves: readonly CurveData[], logX: boolean, logY: boolean): Extent | null {
  let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity]
  for (const curve of curves) {
    for (let i = 0; i < curve.x.length; i++) {
      const at = curve.x[i]
      if (logX && at < 0) continue
      if (at < x0) x0 = at
      if (at > x1) x1 = at
      const low = curve.low.length > 0 ? curve.low[i] : curve.y[i]
      const high = curve.high.length > 0 ? curve.high[i] : curve.y[i]
      if (Number.isFinite(low) && (!logY || low > 0) && low < y0) y0 = low
      if (Number.isFinite(high) && (!logY || high > 0) && high > y1) y1 = high
    }
  }
  return x1 >= x0 && y1 >= y0 ? { x: [x0, x1], y: [y0, y1] } : null
}

/** Place of the point nearest to `x`; −1 where there is none. */
export function nearestIndex({ x: places }: CurveData, x: number): number {
  let [low, high] = [0, places.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (places[middle] < x) low = middle + 1
    else high = middle
  }
  return low > 0 && x - places[low - 1] < places[low] - x ? low - 1 : low
}
