// The curves from the host, and which of them can share an axis.
import type { CurvePart } from '../../src/protocol/sweepView.ts'
import type { Point } from '../../src/runs/series/smooth.ts'
import { floatsOf } from '../shared/host.ts'
import type { ChartText } from '../../src/charts/chartData.ts'
import type { CurveName } from '../../src/runs/series/curves.ts'
import type { FoldedRun } from '../../src/runs/compared/foldSeeds.ts'
import { onDenseLogits } from '../../src/runs/compared/comparedRun.ts'

export interface CurveData {
  readonly x: readonly number[]
  /** NaN: a value that is not a number, drawn as a gap. */
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

/** Range of all points that can be drawn; null without points. */
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

/** Index of the point nearest to `x`. The curve must have at least one point. */
export function nearestIndex({ x: places }: CurveData, x: number): number {
  let [low, high] = [0, places.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (places[middle] < x) low = middle + 1
    else high = middle
  }
  return low > 0 && x - places[low - 1] < places[low] - x ? low - 1 : low
}

/** Curves of one kind, each with its index among all curves. */
export interface CurvePanel<E> {
  readonly text: ChartText
  readonly shown: readonly { readonly entry: E; readonly at: number }[]
}

const bySteps = { xName: 'step', xLabel: 'optimiser steps' }
export const curveTexts: Readonly<Record<CurveName, ChartText>> = {
  loss: { title: 'Loss', ...bySteps, yLabel: 'loss' },
  perplexity: { title: 'Perplexity', ...bySteps, yLabel: 'perplexity' },
  accuracy: { title: 'Zero-shot accuracy', ...bySteps, yLabel: '% right' },
  error: { title: 'Error by block', xName: 'block', xLabel: 'block', yLabel: 'mean squared error after recovery' },
}

/** The loss of a reconstruction is the error of a block's outputs; that of a retraining is cross-entropy of the text. */
const lossTexts = {
  reconstruct: { title: 'Reconstruction loss', ...bySteps, yLabel: 'mean squared error of a block’s outputs' },
  retrain: { title: 'Retraining loss', ...bySteps, yLabel: 'cross-entropy of the text' },
  dense: { title: 'Loss on dense logits', ...bySteps, yLabel: 'loss against the dense model’s logits' },
  both: { title: 'Losses of several recoveries, one after the other', ...bySteps, yLabel: 'loss' },
  unknown: curveTexts.loss,
} satisfies Record<string, ChartText>

const kindsByWords = new Map<string, 'reconstruct' | 'retrain' | 'dense'>([
  ['reconstruct', 'reconstruct'],
  ['retrain', 'retrain'],
  [`retrain ${onDenseLogits}`, 'dense'],
])

function lossKind({ facts: { recovery } }: Pick<FoldedRun, 'facts'>): keyof typeof lossTexts {
  const kinds = recovery.split(' + ').flatMap((words) => kindsByWords.get(words) ?? [])
  return kinds.length > 1 ? 'both' : (kinds.at(0) ?? 'unknown')
}

/** Runs that train nothing have no loss, and no panel. */
export function curvePanels<E extends Pick<FoldedRun, 'facts'>>(
  entries: readonly E[],
  name: CurveName,
): CurvePanel<E>[] {
  const shown = entries.map((entry, at) => ({ entry, at }))
  if (onText.has(name)) return byText(shown, curveTexts[name])
  if (name !== 'loss') return [{ text: curveTexts[name], shown }]
  const trains = shown.filter(
    ({ entry: { facts } }) => facts.method === '' || /reconstruct|retrain/.test(facts.recovery),
  )
  const kinds = [...new Set(trains.map(({ entry }) => lossKind(entry)))]
  return kinds.map((kind) => ({ text: lossTexts[kind], shown: trains.filter(({ entry }) => lossKind(entry) === kind) }))
}

/** Perplexities on different texts do not share an axis. */
const onText: ReadonlySet<CurveName> = new Set(['perplexity'])

function byText<E extends Pick<FoldedRun, 'facts'>>(shown: CurvePanel<E>['shown'], of: ChartText): CurvePanel<E>[] {
  const texts = [...new Set(shown.map(({ entry }) => entry.facts.text))]
  return texts.map((text) => ({
    text: texts.length === 1 ? of : { ...of, title: `${of.title} on ${text || 'an unknown text'}` },
    shown: shown.filter(({ entry }) => entry.facts.text === text),
  }))
}
