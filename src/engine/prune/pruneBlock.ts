// Prunes the linears of one block, given the statistics of its inputs.
import { Arena } from '../compute/arena.ts'
import type { Limit } from '../compute/pruneKernels.ts'
import { maskWords } from '../../catalog/formats/maskFile.ts'
import type { Tensor } from '../compute/tensor.ts'
import { needsData } from '../../catalog/methods/methods.ts'
import { breathe } from '../breathe.ts'
import type { Linear } from '../model/module.ts'
import { visitHost } from './host.ts'
import { zerosOf, type Mask } from './mask.ts'
import { finiteDiagonal } from './methods/hessian.ts'
import { scoreMethodOf } from './methods/pruners.ts'
import { mostSwaps, type PruneEntry } from '../../plan/pruneEntry.ts'
import { PreparedCache, type PrepareContext } from './preparedCache.ts'
import { rankOf, RankMasks, requireFinite } from './select.ts'
import { normsOf, type Statistics } from './statistics.ts'
import { certificateOf, swapRows, tooWide, type MaskedWeight, type RowCertificates } from './swaps.ts'

/** The limit of a comparison group over the whole model. Its ties are pruned in model order, linear by linear, until none is left. */
export interface GlobalLimit extends Limit {
  ties: number
  /** ‖x_j‖ of the dense model by linear, where scores need them. */
  readonly norms: ReadonlyMap<string, Float64Array>
  /** Linears of the entry that saw no token: they cannot be scored, and are pruned by themselves. */
  readonly unseen: ReadonlySet<string>
}

/** State that all blocks share. */
export interface PruneContext extends PrepareContext {
  readonly globals: ReadonlyMap<PruneEntry, GlobalLimit>
  readonly seed: number
  /** Called for each linear whose Hessian is available; if absent, no certificates are made. */
  readonly onCertificate?: (linear: Linear, certificate: RowCertificates) => void
  readonly signal?: AbortSignal
}

/** Zeroes weights in place and adds the masks; `statistics` is null when no entry of the block needs data. */
export async function pruneBlock(
  context: PruneContext,
  linears: readonly Linear[],
  statistics: Statistics | null,
  masks: Map<string, Mask>,
): Promise<void> {
  const prepared = new PreparedCache(context, linears, statistics)
  const unseen: string[] = []
  try {
    for (const linear of linears) {
      await breathe(context.signal)
      const entry = context.entryOf(linear.name)
      if (!entry) continue
      if (isUnseen(context, linear, entry, statistics)) unseen.push(linear.name)
      masks.set(linear.name, await pruneLinear(context, linear, entry, statistics, prepared))
      prepared.done(linear, entry)
    }
    warnOfUnseen(context, unseen)
  } finally {
    prepared.close()
  }
}

/** Whether the linear saw no calibration token (an expert that the router never chose) although its method scores by inputs. */
function isUnseen(
  { globals }: Pick<PruneContext, 'globals'>,
  { name, inputKey }: Linear,
  entry: PruneEntry,
  statistics: Statistics | null,
): boolean {
  const group = globals.get(entry)
  if (group) return group.unseen.has(name)
  return statistics !== null && needsData(entry.method) && !statistics.tokensOf(inputKey)
}

/** Warns once for all linears: a mixture of experts may have hundreds. */
function warnOfUnseen({ warn }: Pick<PruneContext, 'warn'>, names: readonly string[]): void {
  if (names.length === 0) return
  const [who, are] = names.length === 1 ? [names[0], 'it is'] : [`${names[0]} and ${names.length - 1} more`, 'they are']
  warn(`${who} saw no calibration token, so ${are} pruned by magnitude; use more samples`)
}

/** Zeroes weights of one linear in place; what its method prepares is taken from the cache and left there. */
export async function pruneLinear(
  context: PruneContext,
  linear: Linear,
  entry: PruneEntry,
  statistics: Statistics | null,
  prepared: PreparedCache,
): Promise<Mask> {
  const weight = await visitHost(context.backend, context.host, linear.weight)
  try {
    const mask = await pruneWeight(context, linear, entry, weight.tensor, statistics, prepared)
    await weight.writeBack()
    return mask
  } finally {
    weight.release()
  }
}

/** Prunes one weight [O,I] on the host, in place. */
async function pruneWeight(
  context: PruneContext,
  linear: Linear,
  entry: PruneEntry,
  weight: Tensor,
  statistics: Statistics | null,
  cache: PreparedCache,
): Promise<Mask> {
  const { host } = context
  const [rows, columns] = weight.shape
  using arena = new Arena(host)
  const bits = host.allocate('u32', [rows, maskWords(columns)])
  try {
    // Kernels leave the bits of other columns, and the unused ones of a row's last word, as they are.
    host.write(bits, new Uint32Array(bits.length))
    const prepared = await cache.of(linear, entry)
    if (prepared) {
      const dense = context.onCertificate && arena.allocate(weight.shape)
      if (dense) host.kernels.convert(dense, weight)
      await prepared.solve({ weight, mask: bits, entry, name: linear.name })
      if (dense) await swap(context, linear, { entry, weight, dense, mask: bits }, statistics)
    } else {
      await selectWeights(context, linear, entry, weight, bits, statistics)
      await swap(context, linear, { entry, weight, dense: weight, mask: bits }, statistics)
      host.kernels.applyMask(weight, bits)
    }
    const mask = { rows, columns, words: (await host.read(bits)) as Uint32Array }
    if (prepared) dropColumns(context, mask, prepared.dead, linear.name)
    return mask
  } finally {
    host.release(bits)
  }
}

/** Makes the swaps that the entry asks for in a weight's mask, and certifies the mask. Does nothing where no input was seen. */
async function swap(
  { backend, host, onCertificate, warn }: PruneContext,
  linear: Linear,
  { entry, ...matrix }: MaskedWeight & { readonly entry: PruneEntry },
  statistics: Statistics | null,
): Promise<void> {
  const hessian = statistics?.hessian(linear.inputKey)
  const [, columns] = linear.weight.shape
  const most = mostSwaps(entry, columns)
  if (!statistics || !hessian || (most === 0 && !onCertificate)) return
  const why = tooWide(host, linear.name, columns)
  if (why) return warn(why)
  const visit = await visitHost(backend, host, hessian)
  try {
    const group = entry.pattern?.m ?? 0
    await finiteDiagonal(host, visit.tensor, linear.name)
    const figures = await swapRows(host, matrix, visit.tensor, { most, group })
    onCertificate?.(linear, certificateOf(figures, statistics.seen(linear.inputKey)))
  } finally {
    visit.release()
  }
}

/** Fills the mask of a weight by its scores, in the group that the entry names. */
async function selectWeights(
  context: PruneContext,
  linear: Linear,
  entry: PruneEntry,
  weight: Tensor,
  bits: Tensor,
  statistics: Statistics | null,
): Promise<void> {
  const { host, globals } = context
  const { prune } = host
  const { name, inputKey } = linear
  const group = globals.get(entry)
  // A linear that saw no token does not compete in the group: it is pruned by itself, by magnitude.
  const global = group?.unseen.has(name) ? null : group
  const squares = group ? null : await statistics?.meanSquares(inputKey)
  const norms = global ? global.norms.get(name) : squares && normsOf(squares)
  const input = { host, weight, norms: norms ?? null, seed: context.seed, name }
  const scores = await scoreMethodOf(entry.method).score(input)
  const { scored } = scores
  const sparsity = entry.sparsities.get(name) ?? 0
  const [, columns] = weight.shape
  try {
    if (entry.pattern) {
      requireFinite(await prune.maskGroups(bits, scored.weight, scored.scale, entry.pattern), name)
    } else if (entry.scope === 'row') {
      const k = rankOf(entry.selection, columns, sparsity)
      requireFinite(await prune.maskRows(bits, scored.weight, scored.scale, k, entry.selection === 'perp'), name)
    } else if (global) {
      global.ties -= await prune.maskBelow(bits, scored, global)
    } else {
      const rank = rankOf(entry.selection, weight.length, sparsity)
      using masks = new RankMasks(host, name)
      await masks.prune(bits, scored, rank, entry.selection)
      await masks.check()
    }
  } finally {
    scores.release()
  }
}

/** Clears the columns of inputs that were 0 on every token, whatever the quota, and warns if this prunes more than requested. */
function dropColumns(context: PruneContext, mask: Mask, dead: readonly number[], name: string): void {
  if (!dead.length) return
  const before = zerosOf(mask)
  const perRow = maskWords(mask.columns)
  for (let row = 0; row < mask.rows; row++)
    for (const column of dead) mask.words[row * perRow + (column >> 5)] &= ~(1 << (column & 31))
  const extra = zerosOf(mask) - before
  if (extra > 0)
    context.warn(
      `${name}: ${dead.length} inputs are 0 on all calibration tokens; all their weights are pruned, ${extra} more than requested`,
    )
}
