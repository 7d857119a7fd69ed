// The curves of a run beside those of others, the median of several seeds, and curves thinned to what pixels show.
import { groupedBy } from '../../formatting/lists.ts'
import { accuraciesOf } from './accuracies.ts'
import { mainPerplexities } from './foldRun.ts'
import { landmarks, smooth, spreadOf } from './smooth.ts'
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
  /** Weight per step of the previous mean in the smoothed loss, 0 to 0.99. */
  readonly smoothing: number
  /** Least number of steps per point of the loss, a power of two: curves that are folded need points at the same steps. */
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
    const points = means.map((y, i) => ({ x: i * wide + (wide + 1) / 2, y: Number.isNaN(y) ? null : y }))
    const smoothed = smooth(points, smoothing ** wide)
    return { x: smoothed.map(({ x }) => x), y: smoothed.map(({ y }) => y ?? NaN) }
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

/** Means of `count` means each; the last may be of fewer. NaN: one of the means was not a number. */
function joined(means: readonly (number | null)[], count: number): number[] {
  return Array.from({ length: Math.ceil(means.length / count) }, (_, i) => {
    const some = means.slice(i * count, (i + 1) * count)
    return some.reduce<number>((sum, mean) => sum + (mean ?? NaN), 0) / some.length
  })
}

/** Sorts by step; the later of two points at one step counts. */
function byStep(points: readonly (readonly [number, number])[]): Curve {
  const sorted = [...new Map(points)].sort((a, b) => a[0] - b[0])
  return { x: sorted.map(([x]) => x), y: sorted.map(([, y]) => y) }
}

/** Folds several curves into one. A single curve is returned without a range. */
export function foldCurves(curves: readonly Curve[]): FoldedCurve {
  if (curves.length === 1) return { ...curves[0], low: [], high: [] }
  const points = curves.flatMap(({ x, y }) => x.map((at, i) => ({ at, y: Number.isNaN(y[i]) ? null : y[i] })))
  const places = [...groupedBy(points, ({ at }) => at)].sort(([a], [b]) => a - b)
  const spreads = places.map(([, own]) => spreadOf(own.map(({ y }) => y)))
  return {
    x: places.map(([at]) => at),
    y: spreads.map((spread) => spread?.median ?? NaN),
    low: spreads.map((spread) => spread?.low ?? NaN),
    high: spreads.map((spread) => spread?.high ?? NaN),
  }
}

export interface ThinnedCurve {
  readonly x: Float32Array
  readonly y: Float32Array
  /** Least and greatest value of a bucket, repeated for each of its points; empty for a single run. */
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
  const kept = landmarks((i) => curve.y[i], start, end)
  picked.indices.push(...kept)
  if (curve.low.length === 0) return
  let [low, high] = [Infinity, -Infinity]
  for (let i = start; i < end; i++) {
    if (curve.low[i] < low) low = curve.low[i]
    if (curve.high[i] > high) high = curve.high[i]
  }
  for (let i = 0; i < kept.length; i++) {
    picked.low.push(low)
    picked.high.push(high)
  }
}
