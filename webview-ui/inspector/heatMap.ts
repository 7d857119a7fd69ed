// The map of a checkpoint: its matrices by block and module, the experts of one taken together.
import type { TensorRow } from '../../src/shared/protocol/inspect.ts'
import { moduleGrid, type ModuleGrid } from '../shared/moduleGrid.ts'

export type HeatMap = ModuleGrid<TensorRow>

/** Linears alone, since sparsity means them. */
export const layOutHeat = (tensors: readonly TensorRow[]): HeatMap =>
  moduleGrid(tensors.filter(({ role }) => role === 'linear'))
