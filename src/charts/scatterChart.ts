// Runs as points, by any two measures. A stepped line, the Pareto front, joins the finished runs that no other run beats in both.
import type { FoldedRun } from '../runs/compared/foldSeeds.ts'
import type { Spread } from '../runs/series/smooth.ts'
import { type Measure, measureNamed, paretoFront } from '../runs/compared/measures.ts'
import { defaultStyles, styleGroups, type StyledBy } from './runStyles.ts'
import { levelDash, seriesStyle, stageColours, type ChartText, type Level, type Series } from './chartData.ts'
import type { RunChart } from './runCharts.ts'
import type { Point } from '../runs/series/smooth.ts'

export interface ScatterLook {
  readonly x: Measure
  readonly y: Measure
  readonly by: StyledBy
}

/** A run that has both values, both finite, with its index among the runs. */
export interface ScatterPoint extends Point {
  readonly y: number
  readonly run: number
  readonly style: Series['style']
}

export interface Scatter {
  readonly chart: RunChart
  readonly text: ChartText
  readonly points: readonly ScatterPoint[]
}

const front = { ...seriesStyle(0), colour: '#7f7f7f', dash: '' }
const dense = { ...front, colour: stageColours.dense }

/** The requested sparsity, or the measured one if that is unknown, against perplexity. */
export function defaultLook(runs: readonly FoldedRun[]): ScatterLook {
  const asked = measureNamed('sparsity')
  const x = runs.some((run) => asked.of(run) !== null) ? asked : measureNamed('zeros')
  return { x, y: measureNamed('perplexity'), by: defaultStyles(runs) }
}

/**
 * Medians over the seeds with their range. Runs without one of the two values and runs that are not `shown` are left out, but still
 * take part in the choice of colours, so that a colour means the same in every selection.
 */
export function scatterChart<Run extends FoldedRun>(
  runs: readonly Run[],
  look: ScatterLook,
  shown: (run: Run) => boolean = () => true,
): Scatter {
  const { x, y, by } = look
  const points = styleGroups(runs, by).map(({ label, style, runs: members }) => ({
    label,
    style,
    points: members.flatMap((run): ScatterPoint[] => {
      const [across, up] = [x.of(runs[run]), y.of(runs[run])]
      const isPlaced = across && up && Number.isFinite(across.median) && Number.isFinite(up.median)
      return isPlaced && shown(runs[run]) ? [{ ...placed(across, x, up, y), run, style }] : []
    }),
  }))
  const drawn = points.filter((group) => group.points.length > 0)
  const all = drawn.flatMap((group) => group.points)
  const series = drawn.map(({ label, style, points: own }): Series => ({
    label: label || 'runs',
    style,
    points: [...own].sort((a, b) => a.x - b.x),
    marks: 'marks',
  }))
  // Each model has a front of its own: no run of one beats a run of another.
  const models = [...new Set(all.map(({ run }) => runs[run].facts.model))]
  const line = models.flatMap((model): Series[] => {
    const own = all.filter(({ run }) => runs[run].facts.model === model && isFinished(runs[run]))
    const best = frontOf(own, x, y)
    const label = models.length > 1 && model !== '' ? `Pareto front, ${model}` : 'Pareto front'
    return best.length > 1 ? [{ label, style: front, points: best }] : []
  })
  // The front comes first, so that it is drawn behind the marks.
  return {
    chart: { series: [...line, ...series], levels: denseLevels(runs.filter(shown), y), xRange: null },
    text: textOf(x, y),
    points: all,
  }
}

/** Values of a run in progress are not final. A fold of several seeds counts as finished if one of its runs is done. */
const isFinished = ({ states }: FoldedRun) => states.includes('done')

function placed(across: Spread, x: Measure, up: Spread, y: Measure): Point & { y: number } {
  const range = up.count > 1 && up.low < up.high ? { low: y.factor * up.low, high: y.factor * up.high } : {}
  return { x: x.factor * across.median, y: y.factor * up.median, ...range }
}

/** Empty if an axis has no better end, or both axes show the same measure. */
function frontOf(points: readonly ScatterPoint[], x: Measure, y: Measure): Point[] {
  if (x.better === null || y.better === null || x.id === y.id) return []
  const best = paretoFront(points, { x: x.better, y: y.better }).map((i) => points[i])
  const isHigh = x.better === 'high'
  // A run reaches every point that is no better than it in both measures, so the boundary consists of steps and has no slopes.
  return best.flatMap((point, i): Point[] => {
    const before = best.at(i - 1)
    const corner = i === 0 || !before ? [] : [{ x: isHigh ? before.x : point.x, y: isHigh ? point.y : before.y }]
    return [...corner, { x: point.x, y: point.y }]
  })
}

const mostLevels = 3

/** Values of the dense models, each once; empty if there are too many to distinguish. */
function denseLevels(runs: readonly FoldedRun[], { dense: denseOf, factor, format }: Measure): Level[] {
  const values = runs.flatMap((run) => {
    const spread = denseOf?.(run) ?? null
    return spread && Number.isFinite(spread.median)
      ? [{ model: run.facts.model, text: format(spread.median), value: factor * spread.median }]
      : []
  })
  const once = [...new Map(values.map((one) => [one.text, one])).values()]
  if (once.length > mostLevels) return []
  return once.map(({ model, value }): Level => {
    const label = once.length > 1 && model !== '' ? `dense, ${model}` : 'dense'
    return { label, note: label, value, dash: levelDash.dense, style: dense }
  })
}

function textOf(x: Measure, y: Measure): ChartText {
  const title = `${x.title[0].toUpperCase()}${x.title.slice(1)} and ${y.title}`
  const format = (value: number | null) => (value === null ? 'NaN' : y.format(value / y.factor))
  return { title, xName: x.title, xLabel: x.axis, yLabel: y.axis, format }
}
