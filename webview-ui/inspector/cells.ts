// The layer × module heatmap of a checkpoint: one cell a module of a block, the experts of one taken together.
import type { ModelSummary, TensorRow, TensorStats } from '../../src/shared/protocol/inspect.ts'
import { formatCount, formatShare } from '../../src/shared/format/numbers.ts'
import type { GridCell, GridData } from '../shared/grid.ts'

export interface HeatCell {
  tensors: TensorRow[]
}

export interface HeatMap {
  blocks: number[]
  modules: string[]
  /** Row-major over blocks × modules. */
  cells: (HeatCell | undefined)[]
}

/** Only linears have a cell: sparsity means them. Modules keep the order of the file. */
export function layOutHeat(model: ModelSummary): HeatMap {
  const linears = model.tensors.filter((t) => t.role === 'linear' && t.block !== null)
  const blocks = [...new Set(linears.map((t) => t.block ?? 0))].sort((a, b) => a - b)
  const modules = [...new Set(linears.map((t) => t.module))]
  const cells: (HeatCell | undefined)[] = new Array(blocks.length * modules.length).fill(undefined)
  const rowOf = new Map(blocks.map((b, row) => [b, row]))
  const columnOf = new Map(modules.map((m, column) => [m, column]))
  for (const tensor of linears) {
    const index = (rowOf.get(tensor.block ?? 0) ?? 0) * modules.length + (columnOf.get(tensor.module) ?? 0)
    const cell = (cells[index] ??= { tensors: [] })
    cell.tensors.push(tensor)
  }
  return { blocks, modules, cells }
}

/** Sparsity over all weights of the cell; null until each of its tensors is scanned. */
export function cellSparsity(cell: HeatCell, stats: ReadonlyMap<string, TensorStats>): number | null {
  let zeros = 0
  let parameters = 0
  for (const tensor of cell.tensors) {
    const found = stats.get(tensor.name)
    if (!found) return null
    zeros += found.zeros
    parameters += tensor.parameters
  }
  return parameters === 0 ? null : zeros / parameters
}

export function heatData(
  map: HeatMap,
  stats: ReadonlyMap<string, TensorStats>,
  colour: (value: number) => string,
): GridData {
  const cells = map.cells.map((cell): GridCell | undefined => {
    if (!cell) return undefined
    const value = cellSparsity(cell, stats)
    return { value, text: value === null ? '' : String(Math.round(value * 100)) }
  })
  return { rows: map.blocks.map(String), columns: map.modules, cells, colour }
}

export function describeCell(
  map: HeatMap,
  stats: ReadonlyMap<string, TensorStats>,
  row: number,
  column: number,
): string {
  const cell = map.cells[row * map.modules.length + column]
  const where = `block ${map.blocks[row]}, ${map.modules[column]}`
  if (!cell) return `${where}: no such module`
  const sparsity = cellSparsity(cell, stats)
  const parameters = cell.tensors.reduce((sum, t) => sum + t.parameters, 0)
  const unread = cell.tensors.every((t) => t.unreadable)
  const value = unread ? 'cannot be read' : sparsity === null ? 'not computed' : `${formatShare(sparsity)} zeros`
  const several = cell.tensors.length > 1 ? `, ${cell.tensors.length} matrices` : ''
  return `${where}: ${value}, ${formatCount(parameters)} weights${several}`
}
