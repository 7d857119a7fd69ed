// What differs between two checkpoints, on the same block × module grid as the inspector.
import { largest } from '../../src/shared/format/lists.ts'
import type { TensorChange } from '../../src/shared/protocol/inspect.ts'
import { formatCount, formatShare, formatValue } from '../../src/shared/format/numbers.ts'
import type { GridData } from '../shared/grid.ts'
import { divergingColour } from '../shared/palette.ts'
import type { Column } from '../shared/table.ts'

export interface ChangeMap {
  blocks: number[]
  modules: string[]
  /** By `${block}/${module}`; several when they are experts. */
  changes: Map<string, TensorChange[]>
}

export type Measure = 'filled' | 'drift'

export function changeMap(changes: readonly TensorChange[]): ChangeMap {
  const inBlocks = changes.filter((c) => c.block !== null && c.role === 'linear')
  const map: ChangeMap['changes'] = new Map()
  for (const change of inBlocks) {
    const key = `${change.block}/${change.module}`
    map.set(key, [...(map.get(key) ?? []), change])
  }
  const blocks = [...new Set(inBlocks.map((c) => c.block ?? 0))].sort((a, b) => a - b)
  return { blocks, modules: [...new Set(inBlocks.map((c) => c.module))], changes: map }
}

/** filled: −1 (all mask bits lost, orange) to 1 (as many new zeros, blue). drift: ‖B − A‖ / ‖A‖, clipped at 1. */
export function changeGrid(map: ChangeMap, measure: Measure, sequential: (share: number) => string): GridData {
  const cells: GridData['cells'] = []
  for (const block of map.blocks) {
    for (const module of map.modules) {
      const found = map.changes.get(`${block}/${module}`)
      // An unchanged tensor is no change: it is shown as exactly nothing, not as unknown.
      const value = found ? (measure === 'filled' ? flips(found) : Math.min(1, worstDrift(found))) : 0
      cells.push({ value, text: value === 0 ? '' : String(Math.round(100 * value)) })
    }
  }
  const colour = measure === 'filled' ? divergingColour : sequential
  return { rows: map.blocks.map(String), columns: map.modules, cells, colour }
}

export function describeChange(map: ChangeMap, row: number, column: number): string {
  const where = `block ${map.blocks[row]}, ${map.modules[column]}`
  const found = map.changes.get(`${map.blocks[row]}/${map.modules[column]}`)
  if (!found) return `${where}: the same`
  const filled = sum(found, (c) => c.filled)
  const emptied = sum(found, (c) => c.emptied)
  const drift = formatValue(worstDrift(found))
  return `${where}: ${formatCount(filled)} zeros filled, ${formatCount(emptied)} new zeros, drift ${drift}`
}

export const changeColumns: Column<TensorChange>[] = [
  { id: 'name', title: 'Tensor', width: 'minmax(0, 5fr)', clipStart: true, text: (c) => c.name, sort: (c) => c.name },
  { id: 'role', title: 'Role', width: '90px', optional: true, text: (c) => c.role, sort: (c) => c.role },
  numeric(
    'filled',
    'Zeros filled',
    (c) => c.filled,
    (c) => formatCount(c.filled),
  ),
  numeric(
    'share',
    'of weights',
    (c) => c.filled / Math.max(1, c.parameters),
    (c) => formatShare(c.filled / Math.max(1, c.parameters)),
  ),
  numeric(
    'emptied',
    'New zeros',
    (c) => c.emptied,
    (c) => formatCount(c.emptied),
  ),
  numeric(
    'drift',
    'Drift',
    (c) => c.drift,
    (c) => formatValue(c.drift),
  ),
  numeric(
    'maxAbs',
    'Largest change',
    (c) => c.maxAbs,
    (c) => formatValue(c.maxAbs),
  ),
]

function numeric(
  id: string,
  title: string,
  sort: (change: TensorChange) => number | null,
  text: (change: TensorChange) => string,
): Column<TensorChange> {
  return { id, title, width: '120px', numeric: true, sort, text }
}

function flips(changes: readonly TensorChange[]): number {
  return (
    (sum(changes, (c) => c.emptied) - sum(changes, (c) => c.filled)) /
    Math.max(
      1,
      sum(changes, (c) => c.parameters),
    )
  )
}

function worstDrift(changes: readonly TensorChange[]): number {
  return largest(changes, 0, (c) => c.drift ?? 1)
}

function sum(changes: readonly TensorChange[], of: (change: TensorChange) => number): number {
  return changes.reduce((total, change) => total + of(change), 0)
}
