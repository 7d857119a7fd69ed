// The heatmap for pages that are not components yet.
import { effect, signal } from '@preact/signals'
import { h as element, render } from 'preact'
import type { GridData, GridRange, Place } from './gridData.ts'
import { Grid as GridPart, type GridProps } from './grid.tsx'
import { nothingMarked, rangeOf } from './gridMark.ts'
import { gridFigure, type FigureText } from './gridSvg.ts'

export interface Grid {
  element: HTMLElement
  update(data: GridData): void
  /** null: nothing is selected. */
  select(cell: Place | null): void
  redraw(): void
  toSvg(text: FigureText): string
}

export interface GridOptions extends Omit<GridProps, 'data' | 'mark' | 'ranges' | 'beside'> {
  onRange?: (range: GridRange | null) => void
}

export function createGrid({ onRange, ...options }: GridOptions): Grid {
  const data = signal<GridData>({ rows: [], columns: [], cells: [], colour: () => '#000000' })
  const mark = signal(nothingMarked)
  const place = document.createElement('div')
  const Root = () => element(GridPart, { ...options, data: data.value, mark, ranges: onRange !== undefined })
  render(element(Root, {}), place)
  effect(() => onRange?.(rangeOf(mark.value)))
  return {
    element: place,
    update: (next) => (data.value = next),
    select(cell) {
      const { at } = mark.peek()
      if (cell?.row !== at?.row || cell?.column !== at?.column) mark.value = { at: cell, anchor: null }
    },
    redraw: () => (data.value = { ...data.peek() }),
    toSvg: (text) => gridFigure(data.peek(), text),
  }
}
