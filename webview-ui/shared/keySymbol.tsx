// The sign of a series: its dash and marker, so that it can be told apart without colour.
import type { SeriesStyle } from '../../src/charts/chartData.ts'
import { keyShapes } from '../../src/charts/figure.ts'
import { drawn } from './drawn.tsx'

export interface KeySymbolProps {
  style: SeriesStyle
  /** The series' own unless given. */
  dash?: string
  mark?: boolean
}

export function KeySymbol({ style, dash = style.dash, mark = true }: KeySymbolProps) {
  return (
    <svg width={26} height={12} aria-hidden="true">
      {keyShapes(style, dash, mark).map(drawn)}
    </svg>
  )
}
