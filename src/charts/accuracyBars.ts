// Zero-shot accuracy as bars: each task, and their mean, at each stage of one run or of several, with standard errors.
import { formatAccuracy } from '../formatting/numbers.ts'
import { stages, type Stage } from '../catalog/stages.ts'
import { accuraciesOf } from '../runs/series/accuracies.ts'
import type { Accuracy, RunPicture } from '../runs/series/foldRun.ts'
import { seriesStyle, stageColours } from './chartData.ts'
import { paperInk, type Ink } from './drawChart.ts'
import { textWidth } from './layout.ts'
import type { ChartedRun } from './runCharts.ts'
import { shape, type Shape } from './shape.ts'

export const accuracyBarsTitle = 'Accuracy by task'

/** Share of a bar that its colour fills: stages do not depend on colour alone. */
const fill: Record<Stage, number> = { dense: 0, pruned: 0.35, recovered: 1 }

export interface MeasuredRun extends Pick<ChartedRun, 'label' | 'index'> {
  readonly picture: Pick<RunPicture, 'evaluations'>
}

interface BarSeries {
  readonly label: string
  readonly colour: string
  readonly stage: Stage
  /** Bars by task. */
  readonly values: ReadonlyMap<string, Accuracy>
}

const mean = 'mean'

function barSeries(runs: readonly MeasuredRun[]): { tasks: string[]; series: BarSeries[] } {
  const found = runs.map(({ label, index, picture }) => ({ label, index, ...accuraciesOf(picture.evaluations) }))
  const names = [...new Set(found.flatMap(({ tasks }) => tasks.map(({ name }) => name)))]
  const series = found.flatMap(({ label, index, tasks, stages: means }) =>
    stages.flatMap((stage): BarSeries[] => {
      const values = new Map<string, Accuracy>()
      for (const task of tasks) if (task.stages[stage]) values.set(task.name, task.stages[stage])
      const all = means[stage]
      // A mean over fewer tasks is another quantity.
      if (all && names.length > 1 && all.tasks === names.length) values.set(mean, all)
      const name = runs.length > 1 ? `${label}, ${stage}` : stage
      const colour = runs.length > 1 ? seriesStyle(index).colour : stageColours[stage]
      return values.size > 0 ? [{ label: name, colour, stage, values }] : []
    }),
  )
  return { tasks: names.length > 1 ? [...names, mean] : names, series }
}

const [width, plotHeight, head, left] = [720, 220, 30, 44]
const [keyRow, keyBox, between] = [18, 14, 18]
/** Names of tasks that are wider than their group lean. */
const lean = 30

/** The picture, or null when no task was measured. `titled` gives it a heading of its own. */
export function accuracyBars(runs: readonly MeasuredRun[], ink: Ink = paperInk, titled = true): Shape | null {
  const { tasks, series } = barSeries(runs)
  if (tasks.length === 0 || series.length === 0) return null
  const group = (width - left - 8) / tasks.length
  const leans = tasks.some((name) => textWidth(name) > group - 8)
  const longest = Math.max(...tasks.map(textWidth))
  const names = leans ? 14 + longest * Math.sin((lean * Math.PI) / 180) : 20
  const key = drawKey(series, ink)
  const keyTop = head + plotHeight + names + 8
  const height = keyTop + key.height
  const most = topOf(series)
  const y = (share: number) => head + plotHeight * (1 - share / most)
  const text = (at: object, words: string, more: object = {}) => {
    return shape('text', { 'font-size': 11, 'font-family': ink.font, fill: ink.text, ...at, ...more }, words)
  }
  const bars = tasks.map((task, i) => {
    const x = left + i * group
    const middle = x + group / 2
    const place = leans
      ? { transform: `translate(${middle} ${y(0) + 14}) rotate(-${lean})`, 'text-anchor': 'end' }
      : { x: middle, y: y(0) + 16, 'text-anchor': 'middle' }
    return shape(
      'g',
      {},
      ...groupBars(task, series, { x: x + 0.08 * group, width: 0.84 * group, y, ink }),
      text(place, task, task === mean ? { 'font-weight': 600 } : {}),
    )
  })
  return shape(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': accuracyBarsTitle },
    ...(ink.paper ? [shape('rect', { width, height, fill: ink.paper })] : []),
    text(
      { x: 4, y: 16 },
      `${titled ? `${accuracyBarsTitle}, ` : ''}% right, with standard errors`,
      titled ? { 'font-size': 14, 'font-weight': 600 } : {},
    ),
    ...axis(most, y, ink),
    ...bars,
    shape('g', { transform: `translate(${left} ${keyTop})` }, ...key.entries),
  )
}

/** End of the axis, a whole number of tenths: bars begin at 0. */
function topOf(series: readonly BarSeries[]): number {
  const ends = series.flatMap(({ values }) => [...values.values()].map(({ acc, stderr }) => acc + (stderr ?? 0)))
  return Math.max(0.1, Math.ceil(10 * Math.max(...ends) + 0.3) / 10)
}

function axis(most: number, y: (share: number) => number, ink: Ink): Shape[] {
  const step = most > 0.5 ? 0.2 : 0.1
  const ticks = Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, i) => i * step)
  return ticks.flatMap((share) => [
    shape('line', {
      x1: left,
      x2: width - 8,
      y1: y(share),
      y2: y(share),
      stroke: ink.muted,
      'stroke-opacity': share === 0 ? 0.9 : 0.2,
    }),
    shape(
      'text',
      { x: left - 6, y: y(share) + 4, 'text-anchor': 'end', 'font-size': 11, 'font-family': ink.font, fill: ink.muted },
      String(Math.round(100 * share)),
    ),
  ])
}

interface GroupPlace {
  readonly x: number
  readonly width: number
  readonly y: (share: number) => number
  readonly ink: Ink
}

function groupBars(task: string, series: readonly BarSeries[], { x, width: room, y, ink }: GroupPlace): Shape[] {
  const each = room / series.length
  return series.flatMap(({ label, colour, stage, values }, i) => {
    const value = values.get(task)
    if (!value) return []
    const { acc, stderr } = value
    const [at, wide] = [x + i * each + 1, Math.max(1, each - 2)]
    const middle = at + wide / 2
    const title = shape('title', {}, `${task}, ${label}: ${formatAccuracy(acc, stderr)}`)
    const bar = {
      x: at,
      y: y(acc),
      width: wide,
      height: Math.max(0, y(0) - y(acc)),
      fill: colour,
      'fill-opacity': fill[stage],
      stroke: colour,
    }
    const whisker = (error: number) => {
      const [top, bottom, cap] = [y(acc + error), y(Math.max(0, acc - error)), Math.min(4, wide / 3)]
      const d = `M${middle} ${top}V${bottom}M${middle - cap} ${top}h${2 * cap}M${middle - cap} ${bottom}h${2 * cap}`
      return [shape('path', { d, stroke: ink.text, 'stroke-width': 1.2, fill: 'none' })]
    }
    const above = y(acc + (stderr ?? 0)) - 4
    const words = {
      x: middle,
      y: above,
      'text-anchor': 'middle',
      'font-size': 10,
      'font-family': ink.font,
      fill: ink.text,
    }
    const number = wide >= 24 ? [shape('text', words, (100 * acc).toFixed(1))] : []
    return [shape('rect', bar, title), ...(stderr === null ? [] : whisker(stderr)), ...number]
  })
}

function drawKey(series: readonly BarSeries[], ink: Ink): { entries: Shape[]; height: number } {
  let [x, row] = [0, 0]
  const entries = series.map(({ label, colour, stage }) => {
    const wide = keyBox + 6 + textWidth(label) + between
    if (x > 0 && x + wide > width - left) [x, row] = [0, row + 1]
    const place = `translate(${x} ${row * keyRow})`
    x += wide
    const box = { y: 1, width: keyBox, height: 10, fill: colour, 'fill-opacity': fill[stage], stroke: colour }
    const words = { x: keyBox + 6, y: 10, 'font-size': 11, 'font-family': ink.font, fill: ink.text }
    return shape('g', { transform: place }, shape('rect', box), shape('text', words, label))
  })
  return { entries, height: (row + 1) * keyRow + 4 }
}
