// A line plot as SVG text: axes, ticks, several curves. Nothing to load, so that a report opens anywhere.
import { formatValue } from '../../shared/format/numbers.ts'

export interface Curve {
  readonly name: string
  /** A CSS colour. */
  readonly colour: string
  /** y null = not a number: the curve has a gap there. */
  readonly points: readonly { readonly x: number; readonly y: number | null }[]
  /** Dots as well as a line: for few points. */
  readonly dots?: boolean
}

export interface PlotOptions {
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
  readonly log?: boolean
}

const [width, height] = [760, 320]
const margin = { left: 70, right: 20, top: 30, bottom: 45 }

/** Empty text when no curve has a point to draw. */
export function svgPlot(curves: readonly Curve[], options: PlotOptions): string {
  const drawn = curves.flatMap((curve) => curve.points).flatMap(({ x, y }) => (isDrawn(y, options) ? [{ x, y }] : []))
  if (drawn.length === 0) return ''
  const scale = (y: number) => (options.log ? Math.log10(y) : y)
  const [x0, x1] = extent(drawn.map((point) => point.x))
  const [y0, y1] = extent(drawn.map((point) => scale(point.y)))
  const px = (x: number) => margin.left + ((x - x0) / (x1 - x0)) * (width - margin.left - margin.right)
  const py = (y: number) =>
    height - margin.bottom - ((scale(y) - y0) / (y1 - y0)) * (height - margin.top - margin.bottom)
  const xTicks = ticks(x0, x1, 8)
  const yTicks = options.log ? ticks(y0, y1, 5).map((power) => 10 ** power) : ticks(y0, y1, 5)
  return [
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeText(options.title)}">`,
    `<text class="title" x="${margin.left}" y="18">${escapeText(options.title)}</text>`,
    ...xTicks.map((x) => tick(px(x), height - margin.bottom, formatValue(x), 'x')),
    ...yTicks.map((y) => tick(margin.left, py(y), formatValue(y), 'y')),
    `<text class="label" x="${(width + margin.left) / 2}" y="${height - 8}" text-anchor="middle">${escapeText(options.xLabel)}</text>`,
    `<text class="label" transform="translate(14 ${height / 2}) rotate(-90)" text-anchor="middle">${escapeText(options.yLabel)}</text>`,
    ...curves.map((curve) => drawCurve(curve, options, px, py)),
    ...curves.map((curve, i) => legend(curve, i)),
    '</svg>',
  ].join('\n')
}

export function escapeText(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
}

function isDrawn(y: number | null, { log }: PlotOptions): y is number {
  return y !== null && Number.isFinite(y) && (!log || y > 0)
}

/** Smallest and largest, apart from each other. */
function extent(values: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity]
  for (const value of values) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return low < high ? [low, high] : [low - 0.5, high + 0.5]
}

/** About `count` round numbers in [low, high]: steps of 1, 2 or 5 times a power of ten. */
function ticks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10)
  const found: number[] = []
  for (let i = Math.ceil(low / step); i * step <= high; i++) found.push(i * step)
  return found
}

function tick(x: number, y: number, label: string, axis: 'x' | 'y'): string {
  const line =
    axis === 'x'
      ? `<line class="grid" x1="${x}" x2="${x}" y1="${margin.top}" y2="${y}"/>`
      : `<line class="grid" x1="${x}" x2="${width - margin.right}" y1="${y}" y2="${y}"/>`
  const text =
    axis === 'x'
      ? `<text class="tick" x="${x}" y="${y + 16}" text-anchor="middle">${label}</text>`
      : `<text class="tick" x="${x - 6}" y="${y + 4}" text-anchor="end">${label}</text>`
  return line + text
}

function drawCurve(
  { points, colour, dots }: Curve,
  options: PlotOptions,
  px: (x: number) => number,
  py: (y: number) => number,
): string {
  let path = ''
  let pen = 'M'
  const marks: string[] = []
  for (const { x, y } of points) {
    if (!isDrawn(y, options)) {
      pen = 'M'
      continue
    }
    path += `${pen}${px(x).toFixed(1)} ${py(y).toFixed(1)}`
    pen = 'L'
    if (dots) marks.push(`<circle cx="${px(x).toFixed(1)}" cy="${py(y).toFixed(1)}" r="3.5" fill="${colour}"/>`)
  }
  return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="1.5"/>${marks.join('')}`
}

function legend({ name, colour }: Curve, index: number): string {
  const x = width - margin.right - 150
  const y = margin.top + 8 + 16 * index
  return `<rect x="${x}" y="${y - 8}" width="10" height="10" fill="${colour}"/><text class="tick" x="${x + 15}" y="${y + 1}">${escapeText(name)}</text>`
}
