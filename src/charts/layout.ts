// Places of the parts of a chart: its axes with their ticks, and the margins around them.
import { extent, ticks as linearTicks } from 'd3-array'
import type { Point } from '../runs/series/smooth.ts'
import { type ChartData, type ChartText, isShown } from './chartData.ts'

export interface ChartLayout {
  width: number
  height: number
  left: number
  right: number
  top: number
  bottom: number
  x: Axis
  y: Axis
}

/** Approximate width of a character in labels of 11 px. */
const characterWidth = 6.3
const [pixelsPerTick, pixelsPerRow] = [80, 40]

export function textWidth(text: string): number {
  return text.length * characterWidth
}

/** `head` and `foot`: pixels that stay free above the name of the y axis and below that of the x axis. */
export function layOutChart(
  data: ChartData,
  size: { width: number; height: number; head?: number; foot?: number },
): ChartLayout {
  const { width, height, head = 0, foot = 0 } = size
  const [top, bottom] = [head + 24, height - foot - 36]
  const right = width - 16
  const xs = [...data.series.flatMap(({ points }) => points.map(({ x }) => x)), ...(data.xRange ?? [])]
  const ys = [
    ...data.series.flatMap(({ points, raw = [] }) => [...points, ...raw].flatMap(endsOf)),
    ...data.levels.flatMap(({ value, error }) => endsOf({ y: value, error })),
  ]
  const shown = ys.filter((y) => isShown(y, data))
  const y = makeAxis(shown, [bottom, top], (bottom - top) / pixelsPerRow, { log: data.logY, whole: false })
  const left = 14 + Math.max(16, ...y.ticks.map(({ label }) => textWidth(label)))
  const x = makeAxis(xs, [left, right], (right - left) / pixelsPerTick, { log: data.logX, whole: !data.continuousX })
  return { width, height, left, right, top, bottom, x, y }
}

/** Numbers of a value: itself, the ends of its error bar and of its range. */
function endsOf({ y, error = null, low, high }: Omit<Point, 'x'>): (number | null)[] {
  if (low !== undefined && high !== undefined) return [y, low, high]
  return y === null || error === null ? [y] : [y - error, y + error]
}

/** Name of the x axis; empty if the axis has no values. */
export function xLabelOf({ x }: ChartLayout, { xLabel }: ChartText): string {
  return x.ticks.length === 0 ? '' : xLabel
}

export interface Axis {
  /** Pixel of a value. On a log axis of whole numbers, 0 is placed at 1. */
  at(value: number): number
  /** Value of a pixel. */
  valueAt(pixel: number): number
  ticks: { value: number; label: string }[]
}

const air = 0.04

/** An axis that shows all `values`; without values it has no ticks. */
export function makeAxis(values: readonly number[], range: [number, number], count: number, rule: TickRule): Axis {
  const placed = rule.log && rule.whole ? values.map((value) => Math.max(1, value)) : values
  const usable = placed.filter((value) => Number.isFinite(value) && (!rule.log || value > 0))
  const domain = domainOf(usable, rule)
  const [along, back] = rule.log ? [Math.log, Math.exp] : [Number, Number]
  const [low, high] = domain.map((value) => along(value))
  const [from, to] = range
  const ticks = usable.length === 0 ? [] : ticksIn(...domain, count, rule)
  const labels = tickLabels(ticks)
  return {
    at(value) {
      const share = (along(rule.log && rule.whole ? Math.max(1, value) : value) - low) / (high - low)
      return from + share * (to - from)
    },
    valueAt: (pixel) => back(low + ((pixel - from) / (to - from)) * (high - low)),
    ticks: ticks.map((value, i) => ({ value, label: labels[i] })),
  }
}

function domainOf(usable: readonly number[], { log, whole }: TickRule): [number, number] {
  const [low, high] = extent(usable)
  if (low === undefined || high === undefined) return log ? [1, 10] : [0, 1]
  // For values that differ by rounding errors only, all ticks would have the same label.
  if (high - low > 1e-9 * Math.max(Math.abs(low), Math.abs(high))) {
    if (!log) return [low - air * (high - low), high + air * (high - low)]
    const factor = (high / low) ** air
    return [low / factor, high * factor]
  }
  if (log) return [low / 1.25, low * 1.25]
  if (whole) return [low - 0.5, low + 0.5]
  return low === 0 ? [0, 1] : [low - Math.abs(low) / 10, low + Math.abs(low) / 10]
}

// Ticks: round numbers, whole ones where only whole ones mean something, no label twice.

interface TickRule {
  log: boolean
  /** Steps and blocks: there is nothing between two of them. */
  whole: boolean
}

/** Round numbers in [low, high], about `count` of them. */
export function ticksIn(low: number, high: number, count: number, { log, whole }: TickRule): number[] {
  const found = log ? logTicks(low, high, count) : linearTicks(low, high, count)
  return whole ? found.filter(Number.isInteger) : found
}

const enough = 3
const factorSets = [[1], [1, 2, 5], [1, 2, 3, 4, 5, 6, 7, 8, 9]]

/** Powers of ten where there are enough of them, else also their multiples, else what a linear axis would have. */
function logTicks(low: number, high: number, count: number): number[] {
  for (const factors of factorSets) {
    const found = multiples(low, high, factors)
    // Unevenly spaced multiples are hard to read if some are left out, so a few more than `count` are accepted.
    const every = Math.ceil(found.length / (1.6 * Math.max(enough, count)))
    if (found.length >= enough) return found.filter((_, i) => i % every === 0)
  }
  return linearTicks(low, high, count).filter((tick) => tick > 0)
}

function multiples(low: number, high: number, factors: readonly number[]): number[] {
  const found: number[] = []
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const factor of factors) {
      // Parsed from text, 3 · 10⁻⁵ is exactly the number 3e-5; a product would be rounded differently.
      const value = Number(`${factor}e${power}`)
      if (value >= low && value <= high) found.push(value)
    }
  }
  return found
}

const plain = new Intl.NumberFormat('en-US', { maximumFractionDigits: 12 })
const [tiny, huge] = [1e-3, 1e7]

/** 27.5, 12,000; powers of ten only where the zeros could not be counted: 2e-5. One axis does not mix 0.001 and 5e-4. */
export function tickLabels(ticks: readonly number[]): string[] {
  const sizes = ticks.map(Math.abs).filter((size) => size > 0)
  const allSmall = sizes.every((size) => size < 10 * tiny) && sizes.some((size) => size < tiny)
  return ticks.map((tick) => {
    const size = Math.abs(tick)
    if (size === 0 || (!allSmall && size >= tiny && size < huge)) return plain.format(tick)
    return Number(tick.toPrecision(12)).toExponential().replace('e+', 'e')
  })
}
