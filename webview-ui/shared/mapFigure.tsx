// A heatmap as a figure: the map or its numbers, with the legend below.
import type { DataTable } from '../../src/charts/chartValues.ts'
import { Figure, type FigureProps, framed } from './figure.tsx'
import { Grid, type GridProps } from './grid.tsx'
import { LegendLine, legendOf, type LegendWords } from './legend.tsx'
import { shape, type Shape } from '../../src/charts/shape.ts'
import { inkOn } from './palette.ts'
import type { GridData } from './gridData.ts'
import { cellGap, type GridLayout, labelEvery, layOut, showsNumbers } from './gridLayout.ts'

export interface MapFigureProps
  extends Pick<FigureProps, 'title' | 'name' | 'tools'>, Pick<GridProps, 'data' | 'describe' | 'onSelect' | 'mark'> {
  /** Name of the map for screen readers; the title unless given. */
  readonly label?: string
  readonly words: LegendWords
  /** Title and caption of the file. */
  readonly fileTitle?: string
  readonly caption?: string
  readonly table?: () => DataTable
}

export function MapFigure(props: MapFigureProps) {
  const { title, name, tools, label = title, words, fileTitle = title, caption, table, ...grid } = props
  const figure = () => gridFigure(grid.data, fileTitle, words, caption)
  return (
    <Figure title={title} name={name} tools={tools} table={table} figure={figure}>
      <Grid label={label} {...grid} />
      <LegendLine legend={legendOf(words, grid.data)} />
    </Figure>
  )
}

/** On white, nothing selected. */
export function gridFigure(data: GridData, title: string, words: LegendWords, caption?: string): Shape {
  const layout = layOut(data.rows, data.columns, 960)
  const { width, height } = layout
  return framed({ title, legend: legendOf(words, data), caption, width, height }, [
    hatchPattern,
    ...namesOf(layout, data),
    ...cellsOf(layout, data),
  ])
}

function namesOf(layout: GridLayout, data: GridData): Shape[] {
  const rows = data.rows.map((name, row) => {
    const y = layout.top + (row + 0.5) * layout.cellHeight + 4
    return shape('text', { x: layout.left - 6, y, 'text-anchor': 'end' }, name)
  })
  const { left, top, cellWidth, names, groups } = layout
  const over = (text: string, first: number, last: number, y: number) =>
    shape('text', { x: left + ((first + last + 1) / 2) * cellWidth - cellGap / 2, y, 'text-anchor': 'middle' }, text)
  const columns = names.map((name, column) => over(name, column, column, top - 6))
  const parts = groups.flatMap(({ name, first, last }) => [
    over(name, first, last, 12),
    shape('rect', {
      x: left + first * cellWidth,
      y: 18,
      width: (last - first + 1) * cellWidth - 8,
      height: 1,
      fill: '#888888',
    }),
  ])
  return [...rows.filter((_, row) => row % labelEvery(layout) === 0), ...columns, ...parts]
}

function cellsOf(layout: GridLayout, data: GridData): Shape[] {
  const hasNumbers = showsNumbers(layout, data.cells)
  return data.cells.flatMap((cell, index) => {
    if (!cell) return []
    const row = Math.floor(index / layout.columns)
    const column = index % layout.columns
    const [x, y] = [layout.left + column * layout.cellWidth, layout.top + row * layout.cellHeight]
    const [width, height] = [layout.cellWidth - cellGap, layout.cellHeight - cellGap]
    const fill = cell.value === null ? 'url(#notComputed)' : data.colour(cell.value)
    const where = `${data.rows[row]} ${data.columns[column]}: ${cell.value === null ? 'not computed' : cell.text}`
    const box = shape('rect', { x, y, width, height, fill }, shape('title', {}, where))
    if (cell.value === null || !hasNumbers) return [box]
    const place = { x: x + width / 2, y: y + height / 2 + 3.5, 'text-anchor': 'middle', 'font-size': 10 }
    return [box, shape('text', { ...place, fill: inkOn(fill) }, cell.text)]
  })
}

const hatchPattern = shape(
  'defs',
  {},
  shape(
    'pattern',
    { id: 'notComputed', width: 5, height: 5, patternUnits: 'userSpaceOnUse' },
    shape('path', { d: 'M0 5L5 0', stroke: '#888888', 'stroke-width': 1 }),
  ),
)
