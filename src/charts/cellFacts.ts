// What is known of one tensor in the view of which weights train, as terms and texts.
import { adapterOf, isAdapterName } from '../catalog/adapters/adapters.ts'
import { formatCount, formatRequested, formatShape, formatShare, formatTrained } from '../formatting/numbers.ts'
import type { StageRow } from '../plan/stageView.ts'
import type { Movement } from '../runs/series/events.ts'

export interface KnownOfTensor {
  readonly row: StageRow
  /** undefined: nobody has said how far it moved. */
  readonly movement: Movement | undefined
  /** Why not, in words. */
  readonly untold: string
  /** The median movement of this stage. */
  readonly median: number
  /** Its zeros are planned, not counted. */
  readonly isPlanned: boolean
  /** Matrices of its kind in the block, of which it is one. */
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

/** Which of its numbers a stage may change, and by what. */
export function whatMoves({ kind, by, sparsity }: StageRow): string {
  const kept = sparsity > 0 ? 'its kept weights' : 'all of its weights'
  if (kind === 'kept') return `What may move: ${kept}, each by itself.`
  if (kind !== 'adapter') return sparsity > 0 ? 'Frozen; what is coloured is kept.' : 'Frozen.'
  const adapter = isAdapterName(by) ? adapterOf(by) : null
  const how = adapter?.ranked === false ? 'a scale of each row and column' : 'B·A'
  return `What may move: ${kept}, by ${how}${adapter?.exact === false ? ', cut by the mask' : ''}.`
}
