// Series of the run charts, made from folded runs.
import { downsample } from '../../src/shared/series/downsample.ts'
import type { Evaluation, RunPicture } from '../../src/shared/series/foldRun.ts'
import { smooth } from '../../src/shared/series/smooth.ts'
import type { Series } from '../shared/chart.ts'
import { seriesStyle } from '../shared/palette.ts'

export interface ShownRun {
  folder: string
  label: string
  /** Decides colour, dash and marker; the current run has 0. */
  index: number
  picture: RunPicture
}

export interface CurveSettings {
  smoothing: number
  maxPoints: number
}

export function lossSeries(runs: readonly ShownRun[], { smoothing, maxPoints }: CurveSettings): Series[] {
  return runs.map(({ label, index, picture }) => ({
    label,
    style: seriesStyle(index),
    points: downsample(smooth(picture.loss, smoothing), maxPoints),
    raw: smoothing > 0 ? downsample(picture.loss, maxPoints) : undefined,
  }))
}

/**
 * One series a run. Where pruning came between and nothing measured it, the dense model stands apart: a line from it would
 * show training as what made the perplexity worse.
 */
export function perplexitySeries(runs: readonly ShownRun[]): Series[] {
  return runs.flatMap(({ label, index, picture }) => {
    const style = seriesStyle(index)
    const series = (name: string, evaluations: Evaluation[]) => ({
      label: name,
      style,
      points: evaluations.map(({ x, perplexity }) => ({ x, y: perplexity })),
      marks: 'both' as const,
    })
    const all = picture.evaluations
    const dense = all.filter((e) => e.stage === 'dense')
    const unmeasured = picture.blocks.size > 0 && !all.some((e) => e.stage === 'pruned')
    if (dense.length === 0 || !unmeasured) return [series(label, all)]
    return [
      series(`${label}, dense`, dense),
      series(
        label,
        all.filter((e) => e.stage !== 'dense'),
      ),
    ]
  })
}

/** Two series a run: the error of each block before and after recovery. */
export function errorSeries(runs: readonly ShownRun[]): Series[] {
  return runs.flatMap(({ label, index, picture }) => {
    const blocks = [...picture.blocks.values()].sort((a, b) => a.block - b.block)
    const before = blocks.filter((b) => b.errorBefore !== null).map((b) => ({ x: b.block, y: b.errorBefore }))
    const after = blocks.filter((b) => b.errorAfter !== null).map((b) => ({ x: b.block, y: b.errorAfter }))
    if (before.length === 0 && after.length === 0) return []
    return [
      { label: `${label}, before`, style: seriesStyle(2 * index + 1), points: before, marks: 'both' as const },
      { label: `${label}, after`, style: seriesStyle(2 * index), points: after, marks: 'both' as const },
    ]
  })
}

/** Vertical marks: where each evaluation stage was measured; one label where two coincide. */
export function stageMarks(picture: RunPicture): { x: number; label: string }[] {
  const marks = new Map<number, string[]>()
  const evaluations = picture.evaluations.filter((e, i, all) => all.findIndex((o) => o.stage === e.stage) === i)
  for (const { stage, x } of evaluations) marks.set(x, [...(marks.get(x) ?? []), stage])
  return [...marks].map(([x, labels]) => ({ x, label: labels.join(', ') }))
}
