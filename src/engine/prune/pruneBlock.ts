// Prunes the linears of one block, given the statistics of its inputs.
import type { Backend } from '../compute/backend.ts'
import type { Tensor } from '../compute/tensor.ts'
import { maskWords } from '../compute/tensor.ts'
import { needsData, type MethodName } from '../../shared/methods/methods.ts'
import { breathe } from '../breathe.ts'
import type { Linear } from '../model/module.ts'
import type { GlobalLimit } from './globalLimit.ts'
import { visitHost, type PruneHost } from './host.ts'
import { zerosOf, type Mask } from './mask.ts'
import { scoreMethodOf } from './methods/methods.ts'
import type { PruneEntry } from '../../shared/plan/pruneEntries.ts'
import { PreparedCache } from './preparedCache.ts'
import { countScores, findLimit, rankOf, requireFinite, type CountGroup } from './select.ts'
import { normsOf, type Statistics } from './statistics.ts'
import type { PrunableBlock } from './stream.ts'

/** What pruning did to one linear. */
export interface PrunedLinear {
  readonly name: string
  /** null: pruned before this run. */
  readonly method: MethodName | null
  readonly zeros: number
  readonly size: number
  /** Of methods that have one: SparseGPT's is Σ (w − q)² / d² / 2. */
  readonly loss: number | null
}

/** What stays the same from block to block. */
export interface PruneContext {
  readonly backend: Backend
  readonly host: PruneHost
  readonly entryOf: (linear: string) => PruneEntry | undefined
  readonly globals: ReadonlyMap<PruneEntry, GlobalLimit>
  readonly seed: number
  readonly warn: (message: string) => void
  readonly signal?: AbortSignal
}

/** Zeroes weights in place and adds the masks; `statistics` is null when no entry of the block needs data. */
export async function pruneBlock(
  context: PruneContext,
  block: PrunableBlock,
  statistics: Statistics | null,
  masks: Map<string, Mask>,
): Promise<PrunedLinear[]> {
  const prepared = new PreparedCache(context, block.linears, statistics)
  const pruned: PrunedLinear[] = []
  try {
    for (const linear of block.linears) {
      await breathe(context.signal)
      const entry = context.entryOf(linear.name)
      if (!entry) continue
      if (statistics && needsData(entry.method) && !statistics.tokensOf(linear.inputKey))
        context.warn(`${linear.name} saw no calibration token, so it is pruned by magnitude; use more samples`)
      const weight = await visitHost(context.backend, context.host, linear.weight)
      try {
        const { mask, loss } = await pruneWeight(context, linear, entry, weight.tensor, statistics, prepared)
        prepared.done(linear, entry)
        await weight.writeBack()
        masks.set(linear.name, mask)
        pruned.push({ name: linear.name, method: entry.method, zeros: zerosOf(mask), size: weight.tensor.length, loss })
      } finally {
        weight.release()
      }
    }
  } finally {
    prepared.close()
  }
  return pruned
}

/** One weight [O,I] on the host, in place. */
async function pruneWeight(
  context: PruneContext,
  linear: Linear,
  entry: PruneEntry,
  weight: Tensor,
  statistics: Statistics | null,
  cache: PreparedCache,
): Promise<{ mask: Mask; loss: number | null }> {
  const { host } = context
  const [rows, columns] = weight.shape
  const bits = host.allocate('u32', [rows, maskWords(columns)])
  try {
    // Kernels leave the bits of other columns, and the unused ones of a row's last word, as they are.
    host.write(bits, new Uint32Array(bits.length))
    const prepared = await cache.of(linear, entry)
    const loss = prepared ? await prepared.solve({ weight, mask: bits, entry, name: linear.name }) : null
    if (!prepared) {
      await selectWeights(context, linear, entry, weight, bits, statistics)
      host.kernels.applyMask(weight, bits)
    }
    const mask = { rows, columns, words: (await host.read(bits)) as Uint32Array }
    if (prepared) dropColumns(context, mask, prepared.dead, linear.name)
    return { mask, loss }
  } finally {
    host.release(bits)
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
  const global = globals.get(entry)
  const squares = global ? null : await statistics?.meanSquares(inputKey)
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
      const count: CountGroup = (counts, digit) => countScores(prune, counts, scored, digit, name)
      const limit = await findLimit(count, weight.length, rank, entry.selection, scored.scale !== null)
      await prune.maskBelow(bits, scored, limit)
    }
  } finally {
    scores.release()
  }
}

/** Inputs that never were anything but 0 prune their columns, whatever the quota; more than the quota is said. */
function dropColumns(context: PruneContext, mask: Mask, dead: readonly number[], name: string): void {
  if (!dead.length) return
  const before = zerosOf(mask)
  const perRow = maskWords(mask.columns)
  for (let row = 0; row < mask.rows; row++)
    for (const column of dead) mask.words[row * perRow + (column >> 5)] &= ~(1 << (column & 31))
  const extra = zerosOf(mask) - before
  if (extra > 0)
    context.warn(
      `${name}: ${dead.length} inputs are 0 on all calibration tokens; all their weights go, ${extra} more than asked`,
    )
}
