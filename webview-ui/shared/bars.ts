// Small pictures in SVG: a histogram with its zero bin marked, and the profile of sparsity along rows or columns.
import { largest } from '../../src/shared/format/lists.ts'
import './chart.css'
import type { Histogram } from '../../src/shared/protocol/inspect.ts'
import { formatCompact, formatShare, formatValue } from '../../src/shared/format/numbers.ts'
import { scaleLinear } from 'd3-scale'
import type { ExportFile } from '../../src/shared/protocol/view.ts'
import { h, svg } from './dom.ts'
import { barsContent, figureSvg } from './figure.ts'
import { saveButtons } from './saveButtons.ts'

const width = 360
const height = 92
const base = height - 14

/** Title of a saved picture, and where it goes. */
export interface BarsFile {
  title: string
  save: (file: ExportFile) => void
}

/** Adds a caption, and buttons that save the picture. */
function withFile(picture: SVGElement, tall: number, caption: string, { title, save }: BarsFile): HTMLElement {
  const figure = () => figureSvg({ title, caption, width, height: tall, content: barsContent(picture) })
  const name = title.replace(/[^\w.]+/g, '-')
  const tools = h('span', { class: 'row' }, ...saveButtons(name, figure, save))
  return h('div', {}, picture, h('div', { class: 'head' }, h('span', { class: 'muted caption' }, caption), tools))
}

export function histogramPicture(histogram: Histogram, zeros: number, file: BarsFile): HTMLElement {
  const { from, to, counts } = histogram
  const most = largest(counts, 1, (count) => count)
  // A pruned matrix has one towering bin: the square root keeps the others in sight, and the caption says so.
  const y = scaleLinear()
    .domain([0, Math.sqrt(most)])
    .range([base, 4])
  const each = width / counts.length
  const picture = svg('svg', { class: 'bars', viewBox: `0 0 ${width} ${height}`, width: '100%', role: 'img' })
  picture.append(svg('title', {}, `Histogram from ${formatValue(from)} to ${formatValue(to)}`))
  counts.forEach((count, i) => {
    const left = from + ((to - from) * i) / counts.length
    const right = from + ((to - from) * (i + 1)) / counts.length
    const top = y(Math.sqrt(count))
    const bar = svg('rect', { x: i * each, y: top, width: Math.max(0.5, each - 0.5), height: base - top })
    if (zeros > 0 && left <= 0 && right > 0) bar.setAttribute('class', 'zeroBar')
    bar.append(svg('title', {}, `${formatValue(left)} to ${formatValue(right)}: ${formatCompact(count)}`))
    picture.append(bar)
  })
  picture.append(svg('text', { x: 0, y: height - 2 }, formatValue(from)))
  picture.append(svg('text', { x: width, y: height - 2, 'text-anchor': 'end' }, formatValue(to)))
  const note = `${formatCompact(most)} in the fullest bin; heights are square roots`
  return withFile(picture, height, note, file)
}

/** `labels` name single bars: their tooltips, and in the caption the least and the most sparse. */
export function profilePicture(
  title: string,
  sparsity: readonly number[],
  file: BarsFile,
  labels?: readonly string[],
): HTMLElement {
  const each = width / Math.max(1, sparsity.length)
  const picture = svg('svg', { class: 'bars', viewBox: `0 0 ${width} 44`, width: '100%', role: 'img' })
  const lowest = sparsity.reduce((least, share) => Math.min(least, share), 1)
  const highest = largest(sparsity, 0, (share) => share)
  const named = (share: number) => (labels ? ` (${labels[sparsity.indexOf(share)]})` : '')
  const range = `${title}: ${formatShare(lowest)}${named(lowest)} to ${formatShare(highest)}${named(highest)} zeros`
  picture.append(svg('title', {}, range))
  sparsity.forEach((share, i) => {
    const gap = labels ? 1 : 0
    const bar = svg('rect', { x: i * each, y: 42 - 40 * share, width: Math.max(0.5, each - gap), height: 40 * share })
    if (labels) bar.append(svg('title', {}, `${labels[i]}: ${formatShare(share)}`))
    picture.append(bar)
  })
  return withFile(picture, 44, range, file)
}
