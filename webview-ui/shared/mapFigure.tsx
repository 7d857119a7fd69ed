// A heatmap as a figure: the map or its numbers, with the meaning of its colours below.
import type { DataTable } from '../../src/charts/chartValues.ts'
import { Figure, type FigureProps } from './figure.tsx'
import { Grid, type GridProps } from './grid.tsx'
import { gridFigure } from './gridSvg.ts'
import { LegendLine, legendOf, type LegendWords } from './legend.tsx'

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
