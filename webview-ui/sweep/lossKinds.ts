// Losses that can share an axis: a reconstruction's is an error of a block's outputs, a retraining's is that of the text.
import type { ChartText } from '../../src/charts/chartData.ts'
import type { CurveName } from '../../src/runs/series/curves.ts'
import type { FoldedRun } from '../../src/runs/compared/foldSeeds.ts'
import { onDenseLogits } from '../../src/runs/compared/comparedRun.ts'

/** Curves of one kind, each with its place among all of them. */
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

/** Perplexities on several texts have no axis in common. */
const onText: ReadonlySet<CurveName> = new Set(['perplexity'])

function byText<E extends Pick<FoldedRun, 'facts'>>(shown: CurvePanel<E>['shown'], of: ChartText): CurvePanel<E>[] {
  const texts = [...new Set(shown.map(({ entry }) => entry.facts.text))]
  return texts.map((text) => ({
    text: texts.length === 1 ? of : { ...of, title: `${of.title} on ${text || 'an unknown text'}` },
    shown: shown.filter(({ entry }) => entry.facts.text === text),
  }))
}
