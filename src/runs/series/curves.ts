// The curves of a run that are drawn over those of others, what several seeds come to together, and curves thinned to what pixels show.
import { accuraciesOf } from './accuracies.ts'
import { mainPerplexities } from './foldRun.ts'
import type { LeanRun } from './leanRun.ts'

/** loss: by optimiser step. perplexity, accuracy: by steps done, pruned at 0. error: of each block after its recovery. */
export const curveNames = ['loss', 'perplexity', 'accuracy', 'error'] as const
export type CurveName = (typeof curveNames)[number]

/** y[i] at x[i], x rising; NaN: not a number; Infinity: a perplexity that overflows. */
export interface Curve {
  readonly x: readonly number[]
  readonly y: readonly number[]
}

/** The curve of several runs: at each x the median over those that have a value there, and their range. */
export interface FoldedCurve extends Curve {
  readonly low: readonly number[]
  readonly high: readonly number[]
  /** Points at the front that no further event changes. */
  readonly settled: number
}

/** `smoothing`: weight of the past in the loss, 0 to 0.99. */
export function curveOf(run: LeanRun, name: CurveName, smoothing: number): Curve {
  return makers[name](run, smoothing)
}

const makers: Readonly<Record<CurveName, (run: LeanRun, smoothing: number) => Curve>> = {
  loss({ loss }, smoothing) {
    return { x: Array.from({ length: loss.length }, (_, i) => i + 1), y: smoothed(loss.toArray(), smoothing) }
  },
  perplexity({ picture }) {
    const measured = mainPerplexities(picture).filter(({ stage }) => stage !== 'dense')
    return byStep(measured.map(({ stage, x, perplexity }) => [stage === 'pruned' ? 0 : x, perplexity ?? NaN]))
  },
  accuracy({ picture }) {
    const { stages, recovered } = accuraciesOf(picture.evaluations)
    const pruned: [number, number][] = stages.pruned ? [[0, 100 * stages.pruned.acc]] : []
    return byStep([...pruned, ...recovered.map(({ x, mean }): [number, number] => [x, 100 * mean.acc])])
  },
  error({ picture }) {
    const blocks = [...picture.blocks.values()]
    return byStep(
      blocks.flatMap(({ block, errors }): [number, number][] => {
        const last = [...errors.values()].at(-1)
        return last ? [[block, last.after ?? NaN]] : []
      }),
    )
  },
}

/** Smooths as `smooth` of smooth.ts, on plain numbers: a gap stays a gap and leaves the mean as it was. */
function smoothed(values: readonly number[], weight: number): readonly number[] {
  if (weight === 0) return values
  let mean = 0
  let share = 1
  return values.map((value) => {
    if (Number.isNaN(value)) return NaN
    mean = weight * mean + (1 - weight) * value
    // What no longer tells 1 − share from 1 is 0: arithmetic on numbers that are all but nothing is ten times slower.
    share = share > 1e-20 ? share * weight : 0
    return mean / (1 - share)
  })
}

/** Sorts by step; the later of two points at one step counts. */
function byStep(points: readonly (readonly [number, number])[]): Curve {
  const sorted = [...new Map(points)].sort((a, b) => a[0] - b[0])
  return { x: sorted.map(([x]) => x), y: sorted.map(([, y]) => y) }
}

/** `isOver`: of each curve, that it has come to its end. One curve is itself, without a range. */
export function foldCurves(curves: readonly Curve[], isOver: readonly boolean[], name: CurveName): FoldedCurve {
  const open = curves.filter((_, i) => !isOver[i])
  // A loss grows at its end alone, whereas an evaluation may come between two others.
  const settledOf = (length: number) => (name === 'loss' ? Math.min(length, ...open.map(({ x }) => x.length)) : 0)
  if (curves.length === 1) return { ...curves[0], low: [], high: [], settled: settledOf(curves[0].x.length) }
  const values = new Map<number, number[]>()
  for (const { x, y } of curves)
    for (const [i, at] of x.entries()) {
      const known = values.get(at)
      if (known) known.push(y[i])
      else values.set(at, [y[i]])
    }
  const x = [...values.keys()].sort((a, b) => a - b)
  const spreads = x.map((at) => medianAndRange(values.get(at) ?? []))
  return {
    x,
    y: spreads.map(([median]) => median),
    low: spreads.map(([, low]) => low),
    high: spreads.map(([, , high]) => high),
    settled: settledOf(x.length),
  }
}

/** NaN where none is a number. */
function medianAndRange(values: readonly number[]): [median: number, low: number, high: number] {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b)
  const count = sorted.length
  if (count === 0) return [NaN, NaN, NaN]
  return [(sorted[(count - 1) >> 1] + sorted[count >> 1]) / 2, sorted[0], sorted[count - 1]]
}

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

/**
 * Thins a curve to what pixels show and, as it grows, gives only what is new of it. Buckets are of equal numbers of points; each keeps its first
 * point, its lowest, its highest and its first gap, as `downsample` does, so that no spike is lost.
 */
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
