// Trained numbers per weight, on the block × module grid. A bias is trained in full, an adapter only a little:
// the colour is relative to the largest share among matrices and vectors of the recipe.
import { largest } from '../../src/formatting/lists.ts'
import type { PlanRow } from '../../src/plan/planSummary.ts'
import { formatCount, formatTrained } from '../../src/formatting/numbers.ts'
import { cellOf, type GridData, moduleGrid, type ModuleGrid } from '../shared/gridData.ts'

/** Weight and bias of a module together. */
export interface ShareMap extends ModuleGrid<PlanRow> {
  /** Largest share of any cell; 0 when nothing trains. */
  readonly most: number
}

export function shareMap(rows: readonly PlanRow[]): ShareMap {
  const grid = moduleGrid(rows)
  return { ...grid, most: largest(grid.cells, 0, (cell) => (cell ? totalsOf(cell).share : 0)) }
}

function totalsOf(cell: readonly PlanRow[]) {
  const sum = (of: (row: PlanRow) => number) => cell.reduce((total, row) => total + of(row), 0)
  const [parameters, trainable] = [sum((row) => row.parameters), sum((row) => row.trainable)]
  return { parameters, trainable, share: trainable / Math.max(1, parameters), by: trainedBy(cell) }
}

const trainedBy = (rows: readonly PlanRow[]) => [...new Set(rows.flatMap(({ by }) => by ?? []))]

export function shareGrid({ blocks, modules, cells, most }: ShareMap, colour: (value: number) => string): GridData {
  const shown = cells.map((cell) => {
    if (!cell) return undefined
    const { share, trainable, by } = totalsOf(cell)
    // Square root: a bias of a few hundred numbers and a full matrix differ by three orders of magnitude.
    const value = most === 0 ? 0 : Math.sqrt(share / most)
    return { value, text: trainable === 0 ? '' : by.map((b) => b[0]).join('+') }
  })
  return { rows: blocks.map(String), columns: modules, cells: shown, colour }
}

export function describeShare(map: ShareMap, row: number, column: number): string {
  const where = `block ${map.blocks[row]}, ${map.modules[column]}`
  const cell = cellOf(map, row, column)
  if (!cell) return `${where}: no such module`
  const { parameters, trainable, share, by } = totalsOf(cell)
  if (trainable === 0) return `${where}: frozen, ${formatCount(parameters)} weights`
  return `${where}: ${by.join(' and ')}, ${formatCount(trainable)} trained for ${formatCount(parameters)} weights (${formatTrained(100 * share)})`
}

/** Meaning of the letters in the cells. */
export function lettersOf({ cells }: ShareMap): string {
  return trainedBy(cells.flatMap((cell) => cell ?? []))
    .map((by) => `${by[0]}: ${by}`)
    .join(', ')
}
