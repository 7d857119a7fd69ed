// A whole model as a map in the model's order: the modules before its blocks, the blocks by module, and the modules after them.
import { formatCount, formatRequested, formatShape, formatShare, formatTrained } from '../formatting/numbers.ts'
import { groupsBy, largest } from '../formatting/lists.ts'
import type { Kind, StageRow } from '../plan/stageView.ts'
import type { MovedTensors } from '../runs/series/training.ts'
import { adapterOf, isAdapterName } from '../catalog/adapters/adapters.ts'
import type { Movement } from '../runs/series/events.ts'

export interface Cell {
  readonly block: number | null
  /** Short name, such as `q`, `input layernorm` or `embedding`. */
  readonly name: string
  /** A matrix with its bias, a norm, or the experts of a block. */
  readonly rows: readonly StageRow[]
  readonly kind: Kind
  /** How many numbers the stage may change. */
  readonly count: number
  /** `count` over the parameters of `rows`; above 1 if an adapter has more numbers than its matrix. */
  readonly share: number
  /** Contains only norms and biases, and no matrix. */
  readonly isVector: boolean
  readonly isPruned: boolean
}

export interface Line {
  readonly name: string
  /** By column for a block; a single cell outside the blocks. */
  readonly cells: readonly (Cell | undefined)[]
}

export interface CellMap {
  readonly lines: readonly Line[]
  readonly columns: readonly { readonly name: string; readonly group: string; readonly isVector: boolean }[]
  /** Share that a full bar of a matrix shows: a round number. */
  readonly most: number
}

const kinds: readonly Kind[] = ['adapter', 'kept', 'vector', 'frozen']

/** The rows of blocks by block and module. */
interface Blocks {
  readonly blocks: readonly number[]
  readonly modules: readonly string[]
  /** Row-major. */
  readonly cells: readonly (readonly StageRow[] | undefined)[]
}

export function layOutCells(rows: readonly StageRow[], grid: Blocks): CellMap {
  const width = grid.modules.length
  const cellAt = (block: number, i: number) => {
    const own = grid.cells[i]
    return own && cellOf(own, block, shortName(grid.modules[i % width], own[0].role === 'norm'))
  }
  const blocks = grid.blocks.map((block, row): Line => {
    const own = grid.modules.map((_, column) => cellAt(block, row * width + column))
    return { name: String(block), cells: own }
  })
  const outside = groupsBy(
    rows.filter(({ block }) => block === null),
    ({ module }) => module,
  )
  const isAfter = (own: readonly StageRow[]) => own.some(({ role }) => role === 'norm' || role === 'head')
  const lines = [
    ...outside.filter((own) => !isAfter(own)).map(outsideLine),
    ...blocks,
    ...outside.filter(isAfter).map(outsideLine),
    ...tiedHead(rows),
  ]
  const columns = grid.modules.map((module, column) => {
    const first = blocks.find(({ cells }) => cells[column])?.cells[column]
    return { name: first?.name ?? module, group: groupOf(module), isVector: first?.isVector === true }
  })
  const matrices = lines.flatMap(({ cells }) => cells.filter((cell) => cell?.isVector === false))
  return { lines, columns, most: roundUp(largest(matrices, 0, (cell) => cell?.share ?? 0)) }
}

/** The weight and the bias of a module outside the blocks. */
function outsideLine(own: readonly StageRow[]): Line {
  const { role, module } = own.find((row) => row.role !== 'bias') ?? own[0]
  const last = (module.split('.').at(-1) ?? module).replace(/_/g, ' ')
  const isTokens = role === 'embedding' && /tok|wte/.test(last)
  const name = role === 'norm' ? 'final norm' : isTokens ? 'embedding' : role === 'head' ? 'head' : last
  return { name, cells: [cellOf(own, null, name)] }
}

/** A model without its own head (tied embeddings) uses the embedding's weight as head. */
function tiedHead(rows: readonly StageRow[]): Line[] {
  const embedding = rows.find(({ role }) => role === 'embedding')
  if (!embedding || rows.some(({ role }) => role === 'head')) return []
  return [{ name: 'head', cells: [cellOf([embedding], null, 'head, which is the embedding')] }]
}

function cellOf(rows: readonly StageRow[], block: number | null, name: string): Cell {
  const count = rows.reduce((sum, row) => sum + row.count, 0)
  const parameters = rows.reduce((sum, row) => sum + row.parameters, 0)
  const kind = kinds.find((one) => rows.some((row) => row.kind === one && row.count > 0)) ?? 'frozen'
  const isVector = rows.every(({ role }) => role === 'norm' || role === 'bias')
  // A tied head can have an update, but has no parameters of its own.
  const share = parameters > 0 ? count / parameters : Number(count > 0)
  return { block, name, rows, kind, count, share, isVector, isPruned: rows.some(({ pruned }) => pruned) }
}

function shortName(module: string, isNorm: boolean): string {
  const last = module.split('.').at(-1) ?? module
  return isNorm ? last.replace(/_/g, ' ') : last.replace(/_proj$/, '')
}

function groupOf(module: string): string {
  const parent = module
    .split('.')
    .slice(0, -1)
    .filter((part) => part !== '*')
    .at(-1)
  return parent === undefined ? '' : /attn|attention/.test(parent) ? 'attention' : parent === 'mlp' ? 'MLP' : parent
}

/** Rounds up to 1, 2 or 5 times a power of ten; 0 stays 0. Above 0.5 it returns max(1, share), as adapters can exceed their matrix. */
function roundUp(share: number): number {
  if (share <= 0) return 0
  if (share > 0.5) return Math.max(1, share)
  const power = 10 ** Math.floor(Math.log10(share))
  return ([1, 2, 5].find((factor) => factor * power >= share) ?? 10) * power
}

/** The tensor of a cell that moved farthest; a bias only if no other tensor moved. null: unknown, or nothing moved. */
export function movedMost({ rows }: Cell, moved: MovedTensors | undefined): StageRow | null {
  const known = rows.filter(({ name }) => (moved?.[name]?.moved ?? 0) > 0)
  const matrices = known.filter(({ role }) => role !== 'bias')
  const far = ({ name }: StageRow) => moved?.[name]?.moved ?? 0
  return [...(matrices.length > 0 ? matrices : known)].sort((a, b) => far(b) - far(a)).at(0) ?? null
}

export const placeText = ({ block, name }: Cell) => (block === null ? name : `block ${block}, ${name}`)

/** One sentence about a cell: for the tooltip and the screen reader. */
export function describeCell(cell: Cell, moved: MovedTensors | undefined): string {
  const { rows, kind, count, isPruned } = cell
  const parameters = rows.reduce((sum, row) => sum + row.parameters, 0)
  const several = rows.filter(({ role }) => role === 'linear').length
  const size = `${formatCount(parameters)} numbers${several > 1 ? ` in ${several} matrices` : ''}`
  const far = movedMost(cell, moved)
  const went = far ? `; moved by ${formatShare(moved?.[far.name]?.moved ?? 0)} of its norm` : ''
  const own = kind === 'frozen' ? (isPruned ? 'pruned and frozen' : 'frozen') : wordsOf(cell)
  if (count === 0) return `${placeText(cell)}: ${own}, ${size}${went}`
  return `${placeText(cell)}: ${own}, ${formatCount(count)} train of ${size} (${formatTrained(100 * cell.share, 3)})${went}`
}

const wordsOf = ({ kind, rows }: Cell) => {
  const by = rows.find((row) => row.kind === kind)?.by
  return kind === 'kept'
    ? 'every kept weight'
    : kind === 'vector'
      ? by === 'full'
        ? 'every number'
        : (by ?? '')
      : (by ?? '')
}

// Facts about one tensor for the page "Which weights train", as terms and texts.
export interface KnownOfTensor {
  readonly row: StageRow
  /** undefined: it is unknown how far the tensor moved. */
  readonly movement: Movement | undefined
  /** Why `movement` is undefined, in words. */
  readonly untold: string
  /** The median movement of this stage. */
  readonly median: number
  /** The sparsity is that of the plan, not counted in the weights. */
  readonly isPlanned: boolean
  /** Matrices of its kind in the block, including itself. */
  readonly experts: number
}

type Fact = readonly [term: string, text: string]

export function cellFacts(known: KnownOfTensor): Fact[] {
  const { row, isPlanned, experts } = known
  const { shape, role, sparsity, parameters, count, kind, by, pruned } = row
  const share = parameters > 0 ? `, ${formatTrained((100 * count) / parameters, 3)} of it` : ''
  const kept = isPlanned ? `${formatRequested(1 - sparsity)}, planned` : formatShare(1 - sparsity)
  const frozen = pruned ? 'nothing: pruned and frozen' : 'nothing: frozen'
  const facts: (Fact | null)[] = [
    experts > 1 ? ['Matrices', `${experts} experts; this one moved most, or is the first`] : null,
    ['Shape', formatShape(shape)],
    role === 'linear' && sparsity > 0 ? ['Kept', `${kept}; the rest stays 0`] : null,
    ['Trains', count === 0 ? frozen : `${formatCount(count)} numbers${share}`],
    kind === 'adapter' && isAdapterName(by) ? ['Adapter', adapterOf(by).formula] : null,
  ]
  return [...facts.filter((fact) => fact !== null), ...movedFacts(known)]
}

function movedFacts({ row: { shape, count }, movement, untold, median }: KnownOfTensor): Fact[] {
  if (!movement) return count > 0 ? [['Moved', untold]] : []
  const { moved, rows, columns } = movement
  if (!moved) return [['Moved', moved === 0 ? 'not at all' : 'from all zeros']]
  const list = (parts: Movement['rows']) => parts.map(({ at, share }) => `${at} (${formatShare(share, 1)})`).join(', ')
  const facts: Fact[] = [
    ['Moved', `${formatShare(moved)} of its norm; median of this stage ${formatShare(median)}`],
    [shape.length === 2 ? 'Rows' : 'Numbers', `${list(rows)} of the change`],
  ]
  return columns.length > 0 ? [...facts, ['Columns', `${list(columns)} of the change`]] : facts
}

/** Says which numbers of a tensor a stage may change, and how. */
export function whatMoves({ kind, by, sparsity }: StageRow): string {
  const kept = sparsity > 0 ? 'its kept weights' : 'all of its weights'
  if (kind === 'kept') return `What may move: ${kept}, each by itself.`
  if (kind !== 'adapter') return sparsity > 0 ? 'Frozen; what is coloured is kept.' : 'Frozen.'
  const adapter = isAdapterName(by) ? adapterOf(by) : null
  const how = adapter?.ranked === false ? 'a scale of each row and column' : 'B·A'
  return `What may move: ${kept}, by ${how}${adapter?.exact === false ? ', cut by the mask' : ''}.`
}
