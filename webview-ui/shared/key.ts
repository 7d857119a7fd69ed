// The key of a chart: each series with its dash and marker, so that it can be told apart without colour.
import type { SeriesStyle } from '../../src/shared/chart/chartData.ts'
import { keyShapes } from '../../src/shared/chart/figure.ts'
import { h, svg } from './dom.ts'
import { elementOf } from './shapes.ts'

export interface KeyLook {
  /** The series' own unless given. */
  dash?: string
  mark?: boolean
}

export function keySymbol(style: SeriesStyle, { dash = style.dash, mark = true }: KeyLook = {}): SVGElement {
  const size = { width: 26, height: 12, 'aria-hidden': 'true' }
  return svg('svg', size, ...keyShapes(style, dash, mark).map(elementOf))
}

export function keyEntry(label: string, style: SeriesStyle, look?: KeyLook): HTMLElement {
  return h('span', { class: 'key' }, keySymbol(style, look), label)
}
