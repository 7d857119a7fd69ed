// The key of a chart: each series with its dash and marker, so that it can be told apart without colour.
import { symbol, symbolCircle, symbolDiamond, symbolSquare, symbolTriangle } from 'd3-shape'
import { h, svg } from './dom.ts'
import type { SeriesStyle } from './palette.ts'

const symbols = { circle: symbolCircle, square: symbolSquare, triangle: symbolTriangle, diamond: symbolDiamond }

export function keyEntry(label: string, style: SeriesStyle): HTMLElement {
  const line = svg('line', {
    x1: 0,
    x2: 26,
    y1: 6,
    y2: 6,
    stroke: style.colour,
    'stroke-width': 2,
    'stroke-dasharray': style.dash,
  })
  const mark = svg('path', {
    d: symbol(symbols[style.marker], 36)() ?? '',
    transform: 'translate(13 6)',
    fill: style.colour,
  })
  return h('span', { class: 'key' }, svg('svg', { width: 26, height: 12, 'aria-hidden': 'true' }, line, mark), label)
}
