// A heatmap as a figure: the map or its numbers, with the legend below.
import type { DataTable } from '../../src/charts/chartValues.ts'
import { Figure, type FigureProps, framed } from './figure.tsx'
import { Grid, type GridProps } from './grid.tsx'
import { LegendLine, legendOf, type LegendWords } from './legend.tsx'
import type { Shape } from '../../src/charts/shape.ts'
import type { GridData } from './gridData.ts'
import { layOut } from './gridLayout.ts'
import { gridOnWhite, gridShapes } from './gridShapes.ts'

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

/** The heatmap as a file: on white, without marks. */
export function gridFigure(data: GridData, title: string, words: LegendWords, caption?: string): Shape {
  const layout = layOut(data.rows, data.columns, 960)
  const { width, height } = layout
  const frame = { title, legend: legendOf(words, data), caption, width, height }
  return framed(frame, gridShapes(layout, data, gridOnWhite))
}
