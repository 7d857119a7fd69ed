// Differences between two checkpoints, on the same block × module grid as the inspector.
import { largest } from '../../src/formatting/lists.ts'
import type { ComparedTensor, CompareSummary, TensorChange } from '../../src/protocol/inspect.ts'
import { formatCount, formatShare, formatValue, plural } from '../../src/formatting/numbers.ts'
import { cellOf, type GridData, moduleGrid, type ModuleGrid } from '../shared/gridData.ts'
import { type Column, numberColumn, placeColumns } from '../shared/tableColumn.ts'

interface Compared extends ComparedTensor {
  /** undefined: unchanged, or not compared yet. */
  readonly change: TensorChange | undefined
  readonly isWaiting: boolean
}
export type ChangeMap = ModuleGrid<Compared>

export type Measure = 'filled' | 'drift'

/** The measure in which the checkpoints differ: drift where all masks are the same. */
export function differingMeasure(changes: readonly TensorChange[]): Measure {
  return changes.length === 0 || changes.some(({ filled, emptied }) => filled + emptied > 0) ? 'filled' : 'drift'
}

/** Columns: matrices, norms (each with its bias), other biases. A tensor among the first `done` that is not in `changes` is unchanged. */
export function changeMap(
  tensors: readonly ComparedTensor[],
  changes: readonly TensorChange[],
  done: number,
): ChangeMap {
  const changed = new Map(changes.map((c) => [c.name, c]))
  const all = tensors.map((tensor, i): Compared => {
    const change = changed.get(tensor.name)
    return { ...tensor, module: columnOf(tensor), change, isWaiting: !change && i >= done }
  })
  const placeOf = ({ role }: Compared) => (role === 'linear' ? 0 : role === 'norm' ? 1 : 2)
  return moduleGrid(all.toSorted((a, b) => placeOf(a) - placeOf(b)))
}

/** Norms and biases share one heading each: their own names are too long for a column. */
function columnOf({ role, module }: ComparedTensor): string {
  const bare = module.replace(/\.bias$/, '')
  const last = bare.slice(bare.lastIndexOf('.') + 1)
  if (role === 'norm') return `norms.${last.replace(/_?layer_?norm$/, '')}`
  return role === 'bias' ? `biases.${last}` : module
}

/** The state of the comparable tensors of a cell. */
function factsOf(cell: readonly Compared[]) {
  const comparable = cell.filter((one) => one.comparable)
  return {
    isComparable: comparable.length > 0,
    isWaiting: comparable.some((one) => one.isWaiting),
    changes: comparable.flatMap(({ change }) => change ?? []),
  }
}

/**
 * filled: 0 (every weight is a filled zero, red), 0.5 (same mask), 1 (every weight is a new zero, blue); the larger share decides.
 * drift: ‖B − A‖ / ‖A‖ as a share of `most`.
 */
export function changeGrid(map: ChangeMap, measure: Measure, colour: (share: number) => string): GridData {
  const { most } = mostDrift(map)
  const cells = map.cells.map((cell): GridData['cells'][number] => {
    if (!cell) return undefined
    const { isComparable, isWaiting, changes } = factsOf(cell)
    // Hatched: "not known yet" must never look like "the same".
    if (isWaiting || !isComparable) return { value: null, text: '' }
    const share = measure === 'filled' ? flips(changes) : worstDrift(changes)
    const value = measure === 'filled' ? (share + 1) / 2 : share / most
    return { value, text: share === 0 ? '' : percentText(100 * share) }
  })
  return { rows: map.blocks.map(String), columns: map.modules, cells, colour }
}

/** End of the colour scale: the largest drift of the matrices, else of all tensors, else 1. A bias near 0 drifts by many times its norm. */
export function mostDrift({ cells }: ChangeMap): { most: number; isBeyond: boolean } {
  const among = (some: typeof cells) => largest(some, 0, (cell) => (cell ? worstDrift(factsOf(cell).changes) : 0))
  const all = among(cells)
  const most = among(cells.filter((cell) => cell?.[0].role === 'linear')) || all || 1
  return { most, isBeyond: all > most }
}

/** Two significant digits below 10 %, because PERP moves a norm by less than 1 %. */
function percentText(percent: number): string {
  return String(Math.abs(percent) < 10 ? Number(percent.toPrecision(2)) : Math.round(percent))
}

export function describeChange(map: ChangeMap, row: number, column: number): string {
  const where = `block ${map.blocks[row]}, ${map.modules[column]}`
  const cell = cellOf(map, row, column)
  if (!cell) return `${where}: not in both`
  const { isComparable, isWaiting, changes } = factsOf(cell)
  if (!isComparable) return `${where}: the shapes differ`
  if (isWaiting) return `${where}: not compared yet`
  if (changes.length === 0) return `${where}: the same`
  const filled = sum(changes, (c) => c.filled)
  const emptied = sum(changes, (c) => c.emptied)
  const drift = formatShare(worstDrift(changes))
  return `${where}: ${plural(filled, 'zero')} filled, ${plural(emptied, 'new zero')}, drift ${drift}`
}

/**
 * Text of an empty table of changes. `all`: changes found so far, before the filter; `result`: null during the comparison.
 */
export function emptyText(
  { done, total }: { readonly done: number; readonly total: number },
  result: Pick<CompareSummary, 'changed' | 'same'> | null,
  all: number,
): string {
  if (all > 0) return 'No changed tensor matches the filter.'
  if (!result)
    return done === 0
      ? 'No tensor has been compared yet.'
      : `No change in the first ${formatCount(done)} of ${plural(total, 'tensor')}.`
  return result.same > 0
    ? 'No tensor changed.'
    : 'No tensor was compared: the models share no tensor of equal name, shape and dtype.'
}

const filledShare = ({ filled, parameters }: TensorChange) => filled / Math.max(1, parameters)
const { first, last } = placeColumns<TensorChange>('Tensor')

export const changeColumns: Column<TensorChange>[] = [
  ...first,
  { id: 'role', title: 'Role', optional: 5, text: (c) => c.role, sort: (c) => c.role },
  numberColumn('filled', 'Zeros filled', (c) => c.filled),
  numberColumn('share', 'of weights', filledShare, { text: (c) => formatShare(filledShare(c)) }),
  numberColumn('emptied', 'New zeros', (c) => c.emptied, { optional: 2 }),
  numberColumn('drift', 'Drift', (c) => c.drift, { text: (c) => formatShare(c.drift) }),
  numberColumn('maxAbs', 'Largest change', (c) => c.maxAbs, { text: (c) => formatValue(c.maxAbs), optional: 4 }),
  last,
]

/** Share of filled zeros (negative) or of new zeros, whichever is larger. Their sum would be 0 for masks with equally many zeros. */
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
