// A heatmap as a figure: the map or its numbers, with the meaning of its colours below.
import type { DataTable } from '../../src/charts/chartValues.ts'
import { Figure, type FigureProps, framed } from './figure.tsx'
import { Grid, type GridProps } from './grid.tsx'
import { LegendLine, legendOf, type LegendWords } from './legend.tsx'
import { shape, type Shape } from '../../src/charts/shape.ts'
import { inkOn } from './palette.ts'
import type { GridData } from './gridData.ts'
import { type GridLayout, labelEvery, layOut } from './gridLayout.ts'

export interface MapFigureProps
  extends Pick<FigureProps, 'title' | 'name' | 'tools'>, Pick<GridProps, 'data' | 'describe' | 'onSelect' | 'mark'> {
  /** What the map is called by a screen reader; the title unless given. */
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
  const columns = data.columns.map((name, column) => {
    const x = layout.left + (column + 0.5) * layout.cellWidth
    const place: Shape['attributes'] = layout.slanted
      ? { transform: `translate(${x} ${layout.top - 6}) rotate(-45)` }
      : { x, y: layout.top - 6, 'text-anchor': 'middle' }
    return shape('text', place, name)
  })
  return [...rows.filter((_, row) => row % labelEvery(layout) === 0), ...columns]
}

function cellsOf(layout: GridLayout, data: GridData): Shape[] {
  return data.cells.flatMap((cell, index) => {
    if (!cell) return []
    const row = Math.floor(index / layout.columns)
    const column = index % layout.columns
    const [x, y] = [layout.left + column * layout.cellWidth, layout.top + row * layout.cellHeight]
    const [width, height] = [layout.cellWidth - 1, layout.cellHeight - 1]
    const fill = cell.value === null ? 'url(#notComputed)' : data.colour(cell.value)
    const where = `${data.rows[row]} ${data.columns[column]}: ${cell.value === null ? 'not computed' : cell.text}`
    const box = shape('rect', { x, y, width, height, fill }, shape('title', {}, where))
    if (cell.value === null || width < 30 || height < 13) return [box]
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
