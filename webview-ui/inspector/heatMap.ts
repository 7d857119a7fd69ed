// The layer × module map of a checkpoint: one cell a module of a block, the experts of one taken together.
import type { TensorRow } from '../../src/shared/protocol/inspect.ts'

export interface HeatCell {
  tensors: TensorRow[]
}

export interface HeatMap {
  blocks: number[]
  modules: string[]
  /** Row-major over blocks × modules. */
  cells: (HeatCell | undefined)[]
}

/** Lays out linears alone, since sparsity means them. Modules keep the order of the file. */
export function layOutHeat(tensors: readonly TensorRow[]): HeatMap {
  const linears = tensors.filter((t) => t.role === 'linear' && t.block !== null)
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
