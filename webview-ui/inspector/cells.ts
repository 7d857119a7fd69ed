// The block × module map of a checkpoint: its cells as heatmap data, and described in words.
import { formatCount, formatShare } from '../../src/formatting/numbers.ts'
import type { TensorRow } from '../../src/protocol/inspect.ts'
import { cellOf, type GridCell, type GridData, moduleGrid, type ModuleGrid } from '../shared/gridData.ts'
import type { LegendWords } from '../shared/legend.tsx'
import { cellValue, scaleOf, sparsityMeasure, type Known, type Measure } from './measures.ts'

/** The map of a checkpoint: its matrices by block and module; the experts of a module share a cell. */
export type HeatMap = ModuleGrid<TensorRow>

/** Linears only: sparsity is defined over them. */
export const layOutHeat = (tensors: readonly TensorRow[]): HeatMap =>
  moduleGrid(tensors.filter(({ role }) => role === 'linear'))

/** The data of a map, and the legend of its colours. */
export interface Heat extends GridData {
  readonly words: LegendWords & { readonly title: string }
}

/** The heatmap of one measure. Wide cells show their numbers; shares are in percent, without the sign. */
export function heatData(map: HeatMap, measure: Measure, known: Known, colour: (place: number) => string): Heat {
  const values = map.cells.map((cell) => cell && cellValue(cell, measure, known))
  const { place, low, high } = scaleOf(
    measure,
    values.flatMap((value) => value ?? []),
  )
  const cells = values.map((value): GridCell | undefined => {
    if (value === undefined || value === null) return value === null ? { value, text: '' } : undefined
    return { value: place(value), text: shortText(measure, value) }
  })
  const words = { title: measure.title, low, high, notComputed: 'not computed' }
  return { rows: map.blocks.map(String), columns: map.modules, cells, colour, words }
}

function shortText({ scale, text }: Measure, value: number): string {
  if (scale === 'share') return String(Math.round(value * 100))
  const short = (text === formatShare ? 100 * value : value).toPrecision(2)
  return short.includes('e') ? String(Number(short)) : short
}

export function describeCell(map: HeatMap, measure: Measure, known: Known, row: number, column: number): string {
  const cell = cellOf(map, row, column)
  const where = `block ${map.blocks[row]}, ${map.modules[column]}`
  if (!cell) return `${where}: no such module`
  const value = cellValue(cell, measure, known)
  const parameters = cell.reduce((sum, t) => sum + t.parameters, 0)
  const several = cell.length > 1 ? `, ${cell.length} matrices` : ''
  const unread = cell.every((t) => t.unreadable)
  const said = unread
    ? 'cannot be read'
    : value === null
      ? 'not computed'
      : measure === sparsityMeasure
        ? `${measure.text(value)} exact zeros`
        : `${measure.title}: ${measure.text(value)}`
  return `${where}: ${said}, ${formatCount(parameters)} weights${several}`
}
