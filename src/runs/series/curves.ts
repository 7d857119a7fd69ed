// The curves of a run that are laid over those of others, and what several seeds come to together.
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
