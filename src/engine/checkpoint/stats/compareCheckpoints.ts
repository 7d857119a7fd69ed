// Compares two checkpoints: which tensors were added, removed and changed, and whether B still has the zeros of A.
import { tensorRoles, type TensorRoles } from '../../../catalog/families/tensorRoles.ts'
import { elementsOf } from '../../../catalog/formats/dtypes.ts'
import type { ComparedTensor, CompareSummary, TensorChange } from '../../../protocol/inspect.ts'
import { EngineError } from '../../errors.ts'
import { channelOrderOf, type Checkpoint, type TensorEntry } from '../checkpoint.ts'
import { underSameNames } from '../gguf/underNamesOf.ts'
import { explicitMasks } from '../explicitMasks.ts'
import { maskFileName } from '../maskFile.ts'
import { type MaskBits, prunesAny, type StoredMask } from '../storedMask.ts'
import { compareTensors, countMasked, type TensorDifference } from './compareTensors.ts'
import { elementFormat } from './elementFormat.ts'
import { tensorStats } from './tensorStats.ts'
import { formatShare, plural } from '../../../formatting/numbers.ts'

export interface CompareCheckpointsOptions {
  signal?: AbortSignal
  /** Called before anything is read, with the tensors that both have, in the order in which they will be compared. */
  onStart?: (tensors: ComparedTensor[]) => void
  /** Called after each tensor that both have: `done` of `total`, and its change, if there is one. */
  onTensor?: (done: number, total: number, change: TensorChange | null) => void
}

/**
 * Compares by value. The mask is A's `sparsescope.mask` where there is one, else the exact zeros of its block linears
 * (of all its matrices when the family is unknown).
 */
export async function compareCheckpoints(
  one: Checkpoint,
  other: Checkpoint,
  options: CompareCheckpointsOptions = {},
): Promise<CompareSummary> {
  const [a, b] = underSameNames(one, other)
  const bearers = await maskBearers(a)
  const all = [...a.tensors.values()]
  const shared = all.filter((entry) => b.tensors.has(entry.name))
  const matrices = all.filter(bearers.bears).length
  const counts: MaskCounts = {
    shared: shared.length,
    matrices,
    broken: 0,
    brokenWeights: 0,
    stale: 0,
    lost: 0,
    prunes: false,
  }
  const unchanged: TensorEntry[] = []
  const changed: TensorChange[] = []
  const reshaped: string[] = []
  let same = 0
  options.onStart?.(shared.map((entry) => plannedOf(entry, b, bearers.roles)))
  for (const [i, entry] of shared.entries()) {
    const counterpart = b.tensors.get(entry.name)
    let change: TensorChange | null = null
    if (!counterpart || !sameShape(entry, counterpart)) {
      reshaped.push(entry.name)
      if (bearers.bears(entry)) counts.lost++
    } else {
      const sides = [
        { checkpoint: a, entry },
        { checkpoint: b, entry: counterpart },
      ] as const
      const difference = await compareTensors(...sides, { ...(await bearers.maskOf(entry)), signal: options.signal })
      if (difference === null) {
        same++
        if (bearers.bears(entry)) unchanged.push(entry)
      } else {
        change = changeOf(entry, difference, bearers.roles)
        changed.push(change)
        if (bearers.bears(entry)) {
          if (hasElements(entry) && hasElements(counterpart)) count(counts, difference)
          else if (!hasElements(entry) || (await prunes(a, entry, bearers, options.signal))) counts.lost++
        }
      }
    }
    options.onTensor?.(i + 1, shared.length, change)
  }
  const removed = all.filter((entry) => !b.tensors.has(entry.name))
  for (const entry of removed)
    if (bearers.bears(entry) && (await prunes(a, entry, bearers, options.signal))) counts.lost++
  for (const entry of unchanged) {
    const { mask, transposed } = await bearers.maskOf(entry)
    const masked = mask && (await countMasked(a, entry, mask, { transposed, signal: options.signal }))
    // Without a mask, an unchanged matrix has the same zeros in both; the first one with zeros shows that A prunes.
    if (masked) {
      // If no pruned weight is zero, the mask is from other weights and is ignored.
      if (masked.broken === masked.pruned) continue
      count(counts, masked)
      if (masked.broken > 0) counts.stale++
    } else counts.prunes ||= await prunes(a, entry, bearers, options.signal)
  }
  const summary = {
    added: [...b.tensors.keys()].filter((name) => !a.tensors.has(name)),
    removed: removed.map((entry) => entry.name),
    reshaped,
    changed,
    same,
    maskPreserved: isMaskPreserved(counts),
  }
  const verdict = verdictOf(summary, counts)
  const sameOrder = (await channelOrderOf(one)) === (await channelOrderOf(other))
  return { ...summary, verdict: sameOrder ? verdict : `${verdict} ${otherOrder}` }
}

const hasElements = ({ dtype }: TensorEntry) => elementFormat(dtype) !== null

const otherOrder =
  'Their channels may be in different orders, since one was pruned with reorder: differences between elements have no meaning.'

/** Which tensors of a checkpoint can have a mask, and the explicit mask if there is one. */
interface MaskBearers {
  readonly roles: TensorRoles
  readonly bears: (entry: TensorEntry) => boolean
  readonly maskOf: (entry: TensorEntry) => Promise<{ mask: MaskBits | undefined; transposed: boolean }>
}

async function maskBearers(checkpoint: Checkpoint): Promise<MaskBearers> {
  const masks = (await explicitMasks(checkpoint)) ?? new Map<string, StoredMask>()
  const roles = tensorRoles(checkpoint.config, checkpoint.tensors)
  return {
    roles,
    bears({ name, shape }) {
      return masks.has(name) || (roles.familyKnown ? roles.of(name, shape).role === 'linear' : shape.length === 2)
    },
    async maskOf(entry) {
      const { transposed } = roles.of(entry.name, entry.shape)
      return { mask: await usable(masks.get(entry.name), entry, transposed)?.read(), transposed }
    },
  }
}

function plannedOf(entry: TensorEntry, b: Checkpoint, roles: TensorRoles): ComparedTensor {
  const { role, block, module } = roles.of(entry.name, entry.shape)
  const other = b.tensors.get(entry.name)
  return { name: entry.name, role, block, module, comparable: other !== undefined && sameShape(entry, other) }
}

function changeOf(entry: TensorEntry, difference: TensorDifference, roles: TensorRoles): TensorChange {
  const { maxAbs, drift, filled, emptied } = difference
  const { role, block, module } = roles.of(entry.name, entry.shape)
  const { name, shape } = entry
  const parameters = elementsOf(shape) ?? 0
  return { name, shape, maxAbs, drift, filled, emptied, parameters, role, block, module }
}

function sameShape(a: TensorEntry, b: TensorEntry): boolean {
  return a.shape.length === b.shape.length && a.shape.every((size, i) => size === b.shape[i])
}

/** Refuses a mask that does not match its matrix. @throws EngineError 'bad-checkpoint'. */
function usable(mask: StoredMask | undefined, entry: TensorEntry, transposed: boolean): StoredMask | undefined {
  if (!mask) return undefined
  const [rows, columns] = transposed ? [...entry.shape].reverse() : entry.shape
  if (entry.shape.length === 2 && mask.rows === rows && mask.columns === columns) return mask
  throw new EngineError(
    'bad-checkpoint',
    `${maskFileName}: ${entry.name} has ${mask.rows} × ${mask.columns} weights there and [${entry.shape.join(', ')}] in the model; remove the mask file or save the pruned model again`,
  )
}

function count(counts: MaskCounts, { pruned, broken }: Pick<TensorDifference, 'pruned' | 'broken'>): void {
  counts.prunes ||= pruned > 0
  counts.broken += broken > 0 ? 1 : 0
  counts.brokenWeights += broken
}

/** Whether the matrix has pruned weights: it has zeros and, if it has an explicit mask, the mask prunes a weight. */
async function prunes(
  checkpoint: Checkpoint,
  entry: TensorEntry,
  bearers: MaskBearers,
  signal?: AbortSignal,
): Promise<boolean> {
  const { mask } = await bearers.maskOf(entry)
  if (mask && !prunesAny(mask)) return false
  const stats = await tensorStats(checkpoint, entry, { signal })
  return stats !== null && stats.zeros > 0
}

interface MaskCounts {
  /** Tensors that both have. */
  shared: number
  /** Matrices of A that could have a mask. */
  matrices: number
  /** Matrices in which B fills pruned weights, and the number of these weights. */
  broken: number
  brokenWeights: number
  /** Broken matrices that are equal in A and B: A does not match its own mask file. */
  stale: number
  /** Matrices that B lacks or has in another shape, or whose elements cannot be read in A or B. */
  lost: number
  /** A prunes a weight of a matrix that B has too. */
  prunes: boolean
}

/** null where there is nothing to compare: A prunes no weight of a matrix that B could have. */
function isMaskPreserved({ shared, broken, lost, prunes }: MaskCounts): boolean | null {
  if (broken > 0 || (lost > 0 && shared > 0)) return false
  return prunes ? true : null
}

export function verdictOf(summary: Omit<CompareSummary, 'verdict'>, counts: MaskCounts): string {
  const { added, removed, reshaped, changed } = summary
  const { shared, matrices, broken, brokenWeights, stale, lost, prunes } = counts
  if (shared === 0) return 'Nothing to compare: A and B have no tensor in common.'
  if (broken > 0) {
    const number = brokenWeights.toLocaleString('en')
    const why =
      broken === stale
        ? 'the mask file of A is from other weights'
        : 'merging a LoRA or fine-tuning without a mask does this'
    return `Sparsity was lost: B fills ${broken} of ${matrices} matrices, ${number} pruned weights are not zero (${why}).`
  }
  if (lost > 0)
    return `Sparsity cannot be confirmed: B lacks ${lost} of ${matrices} matrices, has them in another shape, or one side stores them in a type that cannot be read.`
  const equal = changed.length + added.length + removed.length + reshaped.length === 0
  const moved = `${plural(changed.length, 'tensor')} changed`
  const pruned = changed.filter(({ role, emptied }) => role === 'linear' && emptied > 0)
  if (!prunes && pruned.length > 0) {
    const sum = (key: 'emptied' | 'parameters') => pruned.reduce((total, change) => total + change[key], 0)
    const share = formatShare(sum('emptied') / sum('parameters'))
    return `B is A pruned: ${share} of the weights of ${pruned.length} of ${matrices} matrices are new zeros, nothing was refilled; ${moved}.`
  }
  if (!prunes) {
    const dense = matrices === 0 ? 'A has no matrices' : `A's ${matrices} matrices have no zeros`
    return `No mask, nothing to compare: ${dense}; ${equal ? 'A and B hold the same values' : moved}.`
  }
  if (equal) return 'A and B hold the same values.'
  return `The mask is preserved: every zero of A's ${matrices} matrices is still zero in B; ${moved}.`
}
