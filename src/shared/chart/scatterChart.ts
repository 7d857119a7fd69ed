// Runs as points: how sparse each is, and how well it does; the ones that no other beats in both are joined.
import type { FoldedRun } from '../sweep/foldSeeds.ts'
import { paretoFront } from '../sweep/paretoFront.ts'
import { seriesStyle } from './chartData.ts'
import type { RunChart } from './runCharts.ts'

export const scatterText = {
  title: 'Sparsity and perplexity',
  xName: 'sparsity',
  xLabel: 'sparsity, %',
  yLabel: 'perplexity',
}

/** The perplexity that a run ends with. */
export function finalPerplexity({ results: { perplexity } }: FoldedRun): number | null {
  return (perplexity.recovered ?? perplexity.pruned ?? perplexity.dense)?.median ?? null
}

/** Medians over the seeds; runs that lack one of the two are left out. */
export function scatterChart(runs: readonly FoldedRun[]): RunChart {
  const points = runs.map((run) => {
    const sparsity = run.results.sparsity?.median ?? null
    return { x: sparsity === null ? null : 100 * sparsity, y: finalPerplexity(run) }
  })
  const known = points.flatMap(({ x, y }) => (x === null || y === null ? [] : [{ x, y }]))
  const front = paretoFront(points, { x: 'high', y: 'low' }).flatMap((i) => {
    const { x, y } = points[i]
    return x === null ? [] : [{ x, y }]
  })
  if (known.length === 0) return { series: [], levels: [], xRange: null }
  const series = [
    { label: 'runs', style: seriesStyle(0), points: known.sort((a, b) => a.x - b.x), marks: 'marks' as const },
    { label: 'Pareto front', style: seriesStyle(4), points: front },
  ]
  return { series, levels: [], xRange: null }
}
