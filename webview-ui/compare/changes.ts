// Differences between two checkpoints, on the same block × module grid as the inspector.
import { largest } from '../../src/shared/format/lists.ts'
import type { ComparedTensor, TensorChange } from '../../src/shared/protocol/inspect.ts'
import { formatCount, formatShare, formatValue } from '../../src/shared/format/numbers.ts'
import type { GridData } from '../shared/gridData.ts'
import { placeColumns } from '../shared/placeColumns.ts'
import type { Column } from '../shared/tableColumn.ts'
import { plural } from '../../src/shared/format/plural.ts'

export interface ChangeCell {
  /** Several when they are experts. */
  changes: TensorChange[]
  /** Tensors whose turn has not come yet. */
  waiting: number
  /** Tensors that can be compared at all. */
  comparable: number
}

export interface ChangeMap {
  blocks: number[]
  modules: string[]
  /** By `${block}/${module}`. */
  cells: Map<string, ChangeCell>
}

export type Measure = 'filled' | 'drift'

/** The first `done` of `tensors` have been compared; what is not among `changes` then is the same. */
export function changeMap(
  tensors: readonly ComparedTensor[],
  changes: readonly TensorChange[],
  done: number,
): ChangeMap {
  const changed = new Map(changes.map((c) => [c.name, c]))
  const cells: ChangeMap['cells'] = new Map()
  const blocks = new Set<number>()
  const modules = new Set<string>()
  tensors.forEach(({ name, role, block, module, comparable }, i) => {
    if (block === null || role !== 'linear') return
    blocks.add(block)
    modules.add(module)
    const key = `${block}/${module}`
    const cell = cells.get(key) ?? { changes: [], waiting: 0, comparable: 0 }
    cells.set(key, cell)
    if (!comparable) return
    cell.comparable++
    const change = changed.get(name)
    if (change) cell.changes.push(change)
    else if (i >= done) cell.waiting++
  })
  return { blocks: [...blocks].sort((a, b) => a - b), modules: [...modules], cells }
}

export function cellAt(map: ChangeMap, row: number, column: number): ChangeCell | undefined {
  return map.cells.get(`${map.blocks[row]}/${map.modules[column]}`)
}

/** filled: 0 (all mask bits lost, red) over 0.5 (the same) to 1 (as many new zeros, blue), whichever of the two is more. drift: ‖B − A‖ / ‖A‖, clipped at 1. */
export function changeGrid(map: ChangeMap, measure: Measure, colour: (share: number) => string): GridData {
  const cells = map.blocks.flatMap((_, row) =>
    map.modules.map((_, column): GridData['cells'][number] => {
      const cell = cellAt(map, row, column)
      if (!cell) return undefined
      // Hatched: "not known yet" must never look like "the same".
      if (cell.waiting > 0 || cell.comparable === 0) return { value: null, text: '' }
      const share = measure === 'filled' ? flips(cell.changes) : Math.min(1, worstDrift(cell.changes))
      const value = measure === 'filled' ? (share + 1) / 2 : share
      return { value, text: share === 0 ? '' : String(Math.round(100 * share)) }
    }),
  )
  return { rows: map.blocks.map(String), columns: map.modules, cells, colour }
}

export function describeChange(map: ChangeMap, row: number, column: number): string {
  const where = `block ${map.blocks[row]}, ${map.modules[column]}`
  const cell = cellAt(map, row, column)
  if (!cell) return `${where}: not in both`
  if (cell.comparable === 0) return `${where}: the shapes differ`
  if (cell.waiting > 0) return `${where}: not compared yet`
  const { changes } = cell
  if (changes.length === 0) return `${where}: the same`
  const filled = sum(changes, (c) => c.filled)
  const emptied = sum(changes, (c) => c.emptied)
  const drift = formatValue(worstDrift(changes))
  return `${where}: ${plural(filled, 'zero')} filled, ${plural(emptied, 'new zero')}, drift ${drift}`
}

const { first, last } = placeColumns<TensorChange>('Tensor')

export const changeColumns: Column<TensorChange>[] = [
  ...first,
  { id: 'role', title: 'Role', optional: 5, text: (c) => c.role, sort: (c) => c.role },
  count('filled', 'Zeros filled', (c) => c.filled),
  {
    ...count('share', 'of weights', (c) => c.filled / Math.max(1, c.parameters)),
    text: (c) => formatShare(c.filled / Math.max(1, c.parameters)),
  },
  { ...count('emptied', 'New zeros', (c) => c.emptied), optional: 2 },
  { ...count('drift', 'Drift', (c) => c.drift), text: (c) => formatValue(c.drift) },
  { ...count('maxAbs', 'Largest change', (c) => c.maxAbs), text: (c) => formatValue(c.maxAbs), optional: 4 },
  last,
]

function count(id: string, title: string, sort: (change: TensorChange) => number | null): Column<TensorChange> {
  return { id, title, numeric: true, sort, text: (change) => formatCount(sort(change) ?? 0) }
}

/** Masks with as many zeros in other places differ: never the difference of the two, which would be 0. */
function flips(changes: readonly TensorChange[]): number {
  const [filled, emptied, all] = (['filled', 'emptied', 'parameters'] as const).map((key) =>
    sum(changes, (c) => c[key]),
  )
  return (filled > 0 && filled >= emptied ? -filled : emptied) / Math.max(1, all)
}

function worstDrift(changes: readonly TensorChange[]): number {
  return largest(changes, 0, (c) => c.drift ?? 1)
}

function sum(changes: readonly TensorChange[], of: (change: TensorChange) => number): number {
  return changes.reduce((total, change) => total + of(change), 0)
}
