// The curves of a run beside those of others, the median of several seeds, and curves thinned to what pixels show.
import { accuraciesOf } from './accuracies.ts'
import { mainPerplexities } from './foldRun.ts'
import type { RunSummary } from './runSummary.ts'

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
  /** Empty for a single run. */
  readonly low: readonly number[]
  readonly high: readonly number[]
}

export interface CurveLook {
  /** Weight of the past in the loss, 0 to 0.99, from step to step. */
  readonly smoothing: number
  /** Steps to a point of the loss, a power of two, at least: curves that are folded need points at the same steps. */
  readonly every?: number
}

export function curveOf(run: RunSummary, name: CurveName, look: CurveLook): Curve {
  return makers[name](run, look)
}

const makers: Readonly<Record<CurveName, (run: RunSummary, look: CurveLook) => Curve>> = {
  loss({ loss }, { smoothing, every = 1 }) {
    const wide = Math.max(every, loss.every)
    const means = joined(loss.means, wide / loss.every)
    // A point is in the middle of the steps that it is the mean of.
    return { x: means.map((_, i) => i * wide + (wide + 1) / 2), y: smoothed(means, smoothing ** wide) }
  },
  perplexity({ evaluations }) {
    const measured = mainPerplexities({ evaluations }).filter(({ stage }) => stage !== 'dense')
    return byStep(measured.map(({ stage, x, perplexity }) => [stage === 'pruned' ? 0 : x, perplexity ?? NaN]))
  },
  accuracy({ evaluations }) {
    const { stages, recovered } = accuraciesOf(evaluations)
    const pruned: [number, number][] = stages.pruned ? [[0, 100 * stages.pruned.acc]] : []
    return byStep([...pruned, ...recovered.map(({ x, mean }): [number, number] => [x, 100 * mean.acc])])
  },
  error({ errors }) {
    return byStep(errors.map(({ block, after }) => [block, after ?? NaN]))
  },
}

/** Means of so many means each; the last may be of fewer. NaN: one of them was not a number. */
function joined(means: readonly (number | null)[], count: number): number[] {
  return Array.from({ length: Math.ceil(means.length / count) }, (_, i) => {
    const some = means.slice(i * count, (i + 1) * count)
    return some.reduce<number>((sum, mean) => sum + (mean ?? NaN), 0) / some.length
  })
}

/** Smooths as `smooth` of smooth.ts, on plain numbers: a gap stays a gap and leaves the mean as it was. */
function smoothed(values: readonly number[], weight: number): readonly number[] {
  if (weight === 0) return values
  let mean = 0
  let share = 1
  return values.map((value) => {
    if (Number.isNaN(value)) return NaN
    mean = weight * mean + (1 - weight) * value
    share *= weight
    return mean / (1 - share)
  })
}

/** Sorts by step; the later of two points at one step counts. */
function byStep(points: readonly (readonly [number, number])[]): Curve {
  const sorted = [...new Map(points)].sort((a, b) => a[0] - b[0])
  return { x: sorted.map(([x]) => x), y: sorted.map(([, y]) => y) }
}

/** One curve is itself, without a range. */
export function foldCurves(curves: readonly Curve[]): FoldedCurve {
  if (curves.length === 1) return { ...curves[0], low: [], high: [] }
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
  }
}

/** NaN without any number. */
function medianAndRange(values: readonly number[]): [median: number, low: number, high: number] {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b)
  const count = sorted.length
  if (count === 0) return [NaN, NaN, NaN]
  return [(sorted[(count - 1) >> 1] + sorted[count >> 1]) / 2, sorted[0], sorted[count - 1]]
}

export interface ThinnedCurve {
  readonly x: Float32Array
  readonly y: Float32Array
  /** Least and greatest value in the bucket, beside each of its points; empty for a single run. */
  readonly low: Float32Array
  readonly high: Float32Array
}

const most = 4 // points that a bucket keeps

/**
 * A curve thinned to at most about `limit` points. Buckets are of equal numbers of points; each keeps its first point, its lowest, its
 * highest and its first gap, as `downsample` does: no spike is lost.
 */
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
