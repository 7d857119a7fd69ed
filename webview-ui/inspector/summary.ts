// The first sentence about a checkpoint: how sparse its blocks are; and the zeros of the other roles. Each share is given with its
// definition, because a sparsity without one misleads.
import { formatPercent, formatShare, plural } from '../../src/formatting/numbers.ts'
import { groupsBy } from '../../src/formatting/lists.ts'
import type { Role } from '../../src/catalog/families/tensorRoles.ts'
import type { ModelSummary, TensorRow, TensorStats } from '../../src/protocol/inspect.ts'

type Stats = ReadonlyMap<string, TensorStats>

/**
 * Largest shares of zeros that rounding alone can explain, in all matrices together and in one. Weights once stored in 4 bits have
 * more than others: Qwen2.5-Coder-1.5B, dequantised from Q4_K, has 0.4 % in all and 7.4 % in one.
 */
const mostRounded = { inAll: 0.01, inOne: 0.1 }

/** Whether the matrices counted so far are dense or pruned; null while none is counted. */
export function kindSoFar(tensors: readonly TensorRow[], stats: Stats): 'dense' | 'pruned' | null {
  const counted = tensors.flatMap(({ role, name, parameters }) => {
    const found = role === 'linear' ? stats.get(name) : undefined
    return found ? [{ parameters, stats: found }] : []
  })
  if (counted.length === 0) return null
  return isDense(counted) ? 'dense' : 'pruned'
}

type Share = Pick<Counted, 'parameters' | 'stats'>

function isDense(counted: readonly Share[]): boolean {
  return shareOf(counted) <= mostRounded.inAll && counted.every(({ stats }) => stats.sparsity <= mostRounded.inOne)
}

/** One or two sentences; `lead` is emphasised. */
export interface Summary {
  readonly lead: string
  readonly text: string
}

interface Counted extends Pick<TensorRow, 'parameters' | 'module'> {
  readonly block: number
  readonly stats: TensorStats
}

/** `isCounting`: a scan is in progress. */
export function summaryOf(model: ModelSummary, stats: Stats, isCounting: boolean): Summary {
  const linears = model.tensors.flatMap((t) =>
    t.role === 'linear' && t.block !== null ? [{ ...t, block: t.block }] : [],
  )
  const readable = linears.filter(({ unreadable }) => unreadable === undefined)
  const counted = readable.flatMap((t): Counted[] => {
    const found = stats.get(t.name)
    return found ? [{ ...t, stats: found }] : []
  })
  const { lead, text } = sparsityText(counted, linears, readable.length, isCounting)
  return { lead, text: [text, ...damageOf(model, linears.length - readable.length, stats)].join(' ') }
}

function sparsityText(
  counted: readonly Counted[],
  linears: readonly TensorRow[],
  readable: number,
  isCounting: boolean,
): Summary {
  const plain = (text: string): Summary => ({ lead: '', text })
  if (linears.length === 0)
    return plain('No matrices of transformer blocks were recognised; the table lists every tensor.')
  if (readable === 0) return plain('The matrices of the blocks cannot be read.')
  if (counted.length === 0)
    return plain(
      `The zeros of ${plural(readable, 'matrix', 'matrices')} ${isCounting ? 'are being' : 'have not been'} counted.`,
    )
  const share = shareOf(counted)
  if (counted.length < readable) {
    const found = `of the block weights counted so far are exactly zero (${counted.length} of ${readable} matrices).`
    return { lead: formatShare(share, 1), text: ` ${found}` }
  }
  if (isDense(counted))
    return plain(
      share === 0
        ? 'A dense model: no block weight is exactly zero.'
        : `A dense model: ${formatShare(share)} of the block weights happen to be zero.`,
    )
  return {
    lead: formatShare(share, 1),
    text: ` of the block weights are exactly zero${trendText(counted)}. ${patternText(counted)}`,
  }
}

function shareOf(some: readonly Share[]): number {
  const zeros = some.reduce((sum, { stats }) => sum + stats.zeros, 0)
  return (
    zeros /
    Math.max(
      1,
      some.reduce((sum, { parameters }) => sum + parameters, 0),
    )
  )
}

interface Part {
  readonly name: string
  readonly share: number
}

const ends = (parts: readonly Part[]) => {
  const order = [...parts].sort((a, b) => a.share - b.share)
  return { least: order[0], most: order[order.length - 1] }
}

/** Whether two shares differ by less than one percentage point. */
const areAlike = (a: number, b: number) => Math.abs(a - b) < 0.01

/** How the share changes from block to block, or from module to module if the blocks are alike. */
function trendText(counted: readonly Counted[]): string {
  const parts = (keyOf: (one: Counted) => string) =>
    groupsBy(counted, keyOf).map((own): Part => ({ name: keyOf(own[0]), share: shareOf(own) }))
  const blocks = parts(({ block }) => String(block)).sort((a, b) => Number(a.name) - Number(b.name))
  if (blocks.length < 2) return ''
  const { least, most } = ends(blocks)
  const [first, last] = [blocks[0].share, blocks[blocks.length - 1].share]
  if (!areAlike(least.share, most.share)) {
    const isAtEnds = areAlike(Math.min(first, last), least.share) && areAlike(Math.max(first, last), most.share)
    if (isAtEnds && !areAlike(first, last))
      return `, ${last > first ? 'rising' : 'falling'} from ${formatPercent(first)} in the first block to ${formatPercent(last)} in the last`
    return `, from ${formatPercent(least.share)} in block ${least.name} to ${formatPercent(most.share)} in block ${most.name}`
  }
  const modules = ends(parts(({ module }) => module))
  if (areAlike(modules.least.share, modules.most.share)) {
    const about = blocks.some(({ share }) => Math.abs(share - first) >= 0.0005) ? 'about ' : ''
    return `, ${about}the same in every block`
  }
  const [from, to] = [modules.least, modules.most]
  return `, in every block from ${formatPercent(from.share)} in ${from.name} to ${formatPercent(to.share)} in ${to.name}`
}

/** The N:M pattern that holds without exception in the most matrices; on a tie, the one with the smallest groups. */
function patternText(counted: readonly Counted[]): string {
  const names = [...new Set(counted.flatMap(({ stats }) => Object.keys(stats.nm)))]
  const held = names
    .map((name) => ({
      name,
      size: Number(name.split(':')[1]),
      matrices: counted.filter(({ stats: { nm } }) => nm[name]?.groups > 0 && nm[name].violations === 0).length,
    }))
    .sort((a, b) => b.matrices - a.matrices || a.size - b.size)
  const best = held.at(0)
  if (!best || best.matrices === 0) return 'No N:M pattern holds.'
  const where = best.matrices === counted.length ? 'every matrix' : `${best.matrices} of ${counted.length} matrices`
  return `The ${best.name} pattern holds in ${where}.`
}

/** Sentences on missing parts and on matrices that cannot be counted. */
function damageOf({ problems, tensors }: ModelSummary, unreadable: number, stats: Stats): string[] {
  const missing = problems.reduce((sum, one) => sum + one.missing.length, 0)
  const nonFinite = tensors.reduce((sum, { name }) => sum + (stats.get(name)?.nonFinite ?? 0), 0)
  return [
    problems.length > 0 &&
      `${plural(problems.length, 'file')} cannot be opened${missing > 0 ? `: ${plural(missing, 'tensor')} of the model ${missing === 1 ? 'is' : 'are'} not counted` : ''}.`,
    unreadable > 0 &&
      `${plural(unreadable, 'matrix', 'matrices')} of a type that cannot be read ${unreadable === 1 ? 'is' : 'are'} not counted.`,
    nonFinite > 0 && `${plural(nonFinite, 'weight')} ${nonFinite === 1 ? 'is' : 'are'} NaN or infinite.`,
  ].filter((text) => text !== false)
}

export interface RoleTotal {
  role: Role
  title: string
  definition: string
  tensors: number
  parameters: number
  /** Zeros in the scanned tensors of the role. */
  zeros: number
  scanned: number
  scannedParameters: number
}

const titles: Record<Role, [string, string]> = {
  linear: ['Linears of the blocks', 'The matrices that can be pruned. Embeddings, norms and the head are not counted.'],
  embedding: ['Embeddings', 'Token and position embeddings; a tied head counts here.'],
  head: ['Output head', 'The untied output projection.'],
  norm: ['Norms', 'Weights and biases of the normalisation layers.'],
  bias: ['Biases', 'Biases of the linears.'],
  router: ['Routers', 'They choose the experts and are never pruned.'],
  other: ['Other', 'Everything else in the file.'],
}

/** Roles the model has, linears first. */
export function roleTotals(model: ModelSummary, stats: Stats): RoleTotal[] {
  const totals = new Map<Role, RoleTotal>()
  for (const role of Object.keys(titles) as Role[]) {
    const [title, definition] = titles[role]
    const zero = { tensors: 0, parameters: 0, zeros: 0, scanned: 0, scannedParameters: 0 }
    totals.set(role, { role, title, definition, ...zero })
  }
  for (const tensor of model.tensors) {
    const total = totals.get(tensor.role)
    if (!total) continue
    total.tensors++
    total.parameters += tensor.parameters
    const found = stats.get(tensor.name)
    if (!found) continue
    total.scanned++
    total.scannedParameters += tensor.parameters
    total.zeros += found.zeros
  }
  return [...totals.values()].filter((t) => t.tensors > 0)
}

/** "Embeddings 1.03 %", "Norms not counted", "Biases 0 % (3 of 12 tensors)". */
export function roleText({ title, tensors, zeros, scanned, scannedParameters }: RoleTotal): string {
  if (scanned === 0) return `${title} not counted`
  const partial = scanned < tensors ? ` (${scanned} of ${tensors} tensors)` : ''
  return `${title} ${formatShare(zeros / Math.max(1, scannedParameters))}${partial}`
}

/** Names of the fully counted roles that have hardly any zeros. */
export function denseRoles(totals: readonly RoleTotal[]): string[] {
  return totals
    .filter((t) => t.scanned === t.tensors && t.zeros <= mostRounded.inAll * t.parameters)
    .map(({ title }) => title.toLowerCase())
}

/** Bytes of a bitmask checkpoint after expansion; null: it is not stored as bitmasks. */
export function expandedBytes(model: ModelSummary): number | null {
  if (!model.tensors.some(({ storedBytes }) => storedBytes !== undefined)) return null
  return model.tensors.reduce((sum, { bytes }) => sum + bytes, 0)
}
