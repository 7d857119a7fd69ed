// The recovery chart: dense, pruned and recovered as marks on one axis, with the closed part of the gap shaded. Stages that are not
// measured yet are dashed beside the axis. A row for each run.
import { stages, type Stage } from '../catalog/stages.ts'
import type { RecoveryChart, StageMark } from '../runs/series/recoveryChart.ts'
import { type Axis, makeAxis, textWidth } from './layout.ts'
import { seriesStyle, stageColours } from './chartData.ts'
import { markPath, paperInk, type Ink } from './drawChart.ts'
import { shape, type Shape } from './shape.ts'

/** A run's chart; `index` decides the colour of its name, as in the other charts. */
export interface RecoveryChartRow {
  readonly label: string
  readonly index: number
  readonly chart: RecoveryChart
}

const [foot, side] = [38, 46]
/** With several rows, each has the name of its run above it. */
const rowHeight = (rows: readonly RecoveryChartRow[]) => (rows.length > 1 ? 82 : 64)
/** The axis is logarithmic if highest / lowest exceeds this: on a linear axis the lower two marks would coincide. */
const farApart = 4

export const recoveryChartHeight = (rows: readonly RecoveryChartRow[]): number => rowHeight(rows) * rows.length + foot

/** Room on the right for each stage that is not measured yet, in pixels. */
const plannedRoom = 110

/** null where nothing is measured and nothing will be. */
export function drawRecoveryChart(rows: readonly RecoveryChartRow[], width: number, ink: Ink): Shape | null {
  const shown = rows.filter(({ chart }) => valuesOf(chart).length > 0 || chart.planned.length > 0)
  if (shown.length === 0) return null
  const values = shown.flatMap(({ chart }) => valuesOf(chart))
  const most = Math.max(...shown.map(({ chart }) => chart.planned.length))
  const room = width - 2 * side
  const slot = values.length === 0 ? room / most : Math.min(plannedRoom, (0.6 * room) / Math.max(1, most))
  const end = width - side - most * slot
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const log = low > 0 && high / low > farApart
  const axis = makeAxis(values, [side, end], (end + side) / 160, { log, whole: false })
  const bottom = rowHeight(rows) * shown.length
  const better = shown[0].chart.better === 'low' ? '← better' : 'better →'
  const muted = { fill: ink.muted }
  return shape(
    'g',
    { 'font-size': 11, 'font-family': ink.font, fill: ink.text },
    ...axis.ticks.flatMap(({ value, label }) => {
      const x = axis.at(value)
      return [
        shape('line', { class: 'grid', x1: x, x2: x, y1: 4, y2: bottom, stroke: ink.muted, 'stroke-opacity': 0.25 }),
        shape('text', { class: 'xTick', x, y: bottom + 14, 'text-anchor': 'middle', ...muted }, percent(shown, label)),
      ]
    }),
    ...drawBaseline({ from: 8, end: most > 0 ? end : width - 8, to: width - 8, y: bottom }, ink),
    shape(
      'text',
      { class: 'axisName', x: width - 8, y: bottom + 30, 'text-anchor': 'end', ...muted },
      `${shown[0].chart.name}${log ? ' (log)' : ''}, ${better}`,
    ),
    ...shown.flatMap((row, i) =>
      drawRow(row, { axis, end, slot, y: rowHeight(rows) * (i + 1) - 28, width, ink, named: rows.length > 1 }),
    ),
  )
}

/** Solid below values, dashed below what is not measured yet. */
function drawBaseline({ from, end, to, y }: { from: number; end: number; to: number; y: number }, ink: Ink): Shape[] {
  const line = (x1: number, x2: number, more: Shape['attributes'] = {}) =>
    shape('line', { x1, x2, y1: y, y2: y, stroke: ink.muted, 'stroke-opacity': 0.7, ...more })
  if (end >= to) return [line(from, to)]
  const words = {
    class: 'notYet',
    x: (Math.max(from, end) + to) / 2,
    y: y + 14,
    'text-anchor': 'middle',
    fill: ink.muted,
  }
  return [
    ...(end > side ? [line(from, end)] : []),
    line(end > side ? end : from, to, { 'stroke-dasharray': '4 4' }),
    shape('text', words, 'not measured yet'),
  ]
}

const percent = ([{ chart }]: readonly RecoveryChartRow[], label: string) =>
  chart.better === 'high' ? `${Math.round(1000 * Number(label)) / 10} %` : label

function valuesOf({ marks }: RecoveryChart): number[] {
  return stages.flatMap((stage) => {
    const value = marks[stage]?.value ?? null
    return value !== null && Number.isFinite(value) ? [value] : []
  })
}

interface Place {
  readonly axis: Axis
  /** Where the axis ends, and the width of the place for each stage that is not measured yet, in pixels. */
  readonly end: number
  readonly slot: number
  readonly y: number
  readonly width: number
  readonly ink: Ink
  readonly named: boolean
}

function drawRow({ label, index, chart }: RecoveryChartRow, place: Place): Shape[] {
  const { axis, end, slot, y, ink, named } = place
  const at = (mark: StageMark | undefined) =>
    mark?.value != null && Number.isFinite(mark.value) ? axis.at(mark.value) : null
  const { dense, pruned, recovered } = chart.marks
  const [d, p, r] = [at(dense), at(pruned), at(recovered)]
  const span = (from: number, to: number, look: Shape['attributes']) =>
    shape('rect', {
      x: Math.min(from, to),
      y: y - 5,
      width: Math.max(1, Math.abs(to - from)),
      height: 10,
      ...look,
    })
  const drawn: Shape[] = []
  // The outline is for black backgrounds, on which the faint fill alone is not visible.
  if (d !== null && p !== null)
    drawn.push(
      span(d, p, {
        class: 'gapOfPruning',
        fill: stageColours.pruned,
        'fill-opacity': 0.15,
        stroke: stageColours.pruned,
      }),
    )
  if (p !== null && r !== null && chart.wonBack !== null)
    drawn.push(
      span(
        p,
        r,
        chart.wonBack >= 0
          ? { class: 'wonBack', fill: stageColours.recovered, 'fill-opacity': 0.65 }
          : { fill: ink.error, 'fill-opacity': 0.5 },
      ),
    )
  // The dot has the run's colour in the other charts.
  if (named)
    drawn.push(
      shape('circle', { cx: 12, cy: y - 38, r: 4, fill: seriesStyle(index).colour }),
      shape('text', { x: 22, y: y - 34, 'font-weight': 600 }, label),
    )
  const marks = stages.flatMap((stage) => (chart.marks[stage] ? [{ stage, mark: chart.marks[stage] }] : []))
  for (const { stage, mark } of marks) drawn.push(...drawMark(stage, mark, at(mark), place))
  return [
    ...drawn,
    ...chart.planned.flatMap((stage, i) => drawPlanned(stage, end + (i + 0.5) * slot, place)),
    ...drawNames(
      marks.map((one) => ({ ...one, x: at(one.mark) })),
      place,
    ),
  ]
}

function drawMark(stage: Stage, mark: StageMark, x: number | null, { y, ink }: Place): Shape[] {
  if (x === null) return []
  const colour = stageColours[stage]
  const title = shape('title', {}, `${stage} ${mark.text}`)
  if (stage !== 'recovered')
    return [
      shape('line', { class: stage, x1: x, x2: x, y1: y - 11, y2: y + 11, stroke: colour, 'stroke-width': 3 }, title),
    ]
  // The mark is hollow during the recovery, while its value still changes.
  const fill = mark.after === null ? colour : (ink.paper ?? 'none')
  const look = {
    d: markPath('circle', 110),
    transform: `translate(${x} ${y})`,
    fill,
    stroke: colour,
    'stroke-width': 2,
  }
  return [shape('path', { class: 'recovered', ...look }, title)]
}

/** The mark of a stage that is not measured yet: its place on the axis is not known. */
function drawPlanned(stage: Stage, x: number, { y, ink }: Place): Shape[] {
  const look = { class: 'planned', stroke: stageColours[stage], 'stroke-width': 2, 'stroke-dasharray': '3 3' }
  const mark =
    stage === 'recovered'
      ? shape('circle', { ...look, cx: x, cy: y, r: 6, fill: 'none' })
      : shape('line', { ...look, x1: x, x2: x, y1: y - 11, y2: y + 11 })
  const name = { x, y: stage === 'recovered' ? y + 22 : y - 14, 'text-anchor': 'middle', fill: ink.muted }
  return [mark, shape('text', name, stage)]
}

/** Dense and pruned are named above their marks, recovered below; names that would meet move apart. */
function drawNames(
  marks: readonly { stage: Stage; mark: StageMark; x: number | null }[],
  { y, width, ink }: Place,
): Shape[] {
  const named = marks.flatMap(({ stage, mark, x }) => {
    if (x === null) return []
    const after = mark.after === null ? '' : ` after ${mark.after}`
    return [{ stage, x, text: `${stage} ${mark.text}${after}`, half: textWidth(`${stage} ${mark.text}${after}`) / 2 }]
  })
  const above = named.filter(({ stage }) => stage !== 'recovered').sort((a, b) => a.x - b.x)
  const meet = above.length === 2 && above[1].x - above[0].x < above[0].half + above[1].half + 8
  // The left name ends up to 3 pixels past its mark; if the marks coincide, it ends 4 pixels before it.
  const gap = meet ? Math.max(-3, (8 - (above[1].x - above[0].x)) / 2) : 0
  return named.map(({ stage, x, text, half }) => {
    const isLeft = above[0]?.stage === stage
    const shift = meet && stage !== 'recovered' ? (isLeft ? -half - gap : half + gap) : 0
    const middle = Math.max(half + 4, Math.min(width - half - 4, x + shift))
    const halo: Shape['attributes'] = ink.paper ? { stroke: ink.paper, 'stroke-width': 3, 'paint-order': 'stroke' } : {}
    const place = { x: middle, y: stage === 'recovered' ? y + 22 : y - 14, 'text-anchor': 'middle' }
    return shape('text', { class: 'note', ...place, ...halo }, text)
  })
}

/** The chart as a figure on white paper, with its title and its statement in words. */
export function recoveryFigure(rows: readonly RecoveryChartRow[], title: string, ink: Ink = paperInk): Shape | null {
  const width = 720
  const drawing = drawRecoveryChart(rows, width, ink)
  if (!drawing) return null
  const height = recoveryChartHeight(rows) + 52
  const text = { x: 8, 'font-family': ink.font, fill: ink.text }
  return shape(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': title },
    ...(ink.paper ? [shape('rect', { width, height, fill: ink.paper })] : []),
    shape('text', { ...text, y: 18, 'font-size': 14, 'font-weight': 600 }, title),
    shape('text', { ...text, y: 36, 'font-size': 12 }, rows[0].chart.words),
    shape('g', { transform: 'translate(0 44)' }, drawing),
  )
}
