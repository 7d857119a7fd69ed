// Prunes a block whose Hessians do not fit the memory together: they are gathered one group of shared inputs after the other, from the
// end of the block, and the block is run again for each. An input depends only on the linears before it, so pruning later ones does
// not change it.
import { usesHessian, type PruneEntry } from '../../plan/pruneEntry.ts'
import type { Block } from '../model/block.ts'
import type { Linear, LinearObserver } from '../model/module.ts'
import type { Mask } from '../prune/mask.ts'
import { pruneBlock, type PruneContext } from '../prune/pruneBlock.ts'
import { reorderBlock } from '../prune/reorder.ts'
import { Statistics } from '../prune/statistics.ts'

/** Runs the block in its current state on its inputs. */
export type Look = (observe: LinearObserver) => Promise<void>

interface GroupedBlock {
  readonly pruning: PruneContext
  readonly block: Block
  /** The names of parameters whose channels are reordered are added to this set. */
  readonly reordered: Set<string>
  /** Statistics of the first run: norms of all inputs, Hessians of the first group. */
  readonly first: Statistics
  readonly groups: readonly ReadonlySet<string>[]
  readonly run: Look
}

export const solves = (entry: PruneEntry | undefined) => entry !== undefined && usesHessian(entry)

/** Prunes first the linears whose Hessians are used, group after group, then all others, whose norms come from the first run. */
export async function pruneInGroups(work: GroupedBlock, masks: Map<string, Mask>): Promise<void> {
  const { pruning, block, reordered, first, groups } = work
  const { linears } = block
  const found = new Map(masks)
  for (const [i, group] of groups.entries()) {
    const members = new Set(linears.flatMap(({ name, inputKey }) => (group.has(inputKey) ? [name] : [])))
    const chosen = only(pruning, (name, entry) => solves(entry) && members.has(name))
    const statistics = i === 0 ? first : await lookAgain(chosen, work)
    try {
      await reorderBlock(chosen, block, { statistics, masks: found, reordered })
      await pruneBlock(chosen, linears, statistics, found)
    } finally {
      if (i === 0) first.releaseHessians()
      else statistics.close()
    }
  }
  const others = only(pruning, (_, entry) => !solves(entry))
  await pruneBlock(others, linears, first, found)
  // The order of the masks is the block's, as it is without groups.
  for (const { name } of linears) {
    const mask = found.get(name)
    if (mask) masks.set(name, mask)
  }
}

function only(pruning: PruneContext, chosen: (name: string, entry: PruneEntry) => boolean): PruneContext {
  const entryOf = (name: string) => {
    const entry = pruning.entryOf(name)
    return entry && chosen(name, entry) ? entry : undefined
  }
  return { ...pruning, entryOf }
}

async function lookAgain({ backend, entryOf }: PruneContext, { first, run }: GroupedBlock): Promise<Statistics> {
  const statistics = new Statistics(backend, first.windows, entryOf)
  try {
    await run(statistics.observe)
    return statistics
  } catch (error) {
    statistics.close()
    throw error
  }
}

/** Bytes of a group's Hessians plus a factor or an inverse of the largest of them. */
const groupBytes = (channels: readonly number[]): number =>
  channels.reduce((sum, n) => sum + 4 * n ** 2, 4 * Math.max(...channels) ** 2)

/** `inputKey`s by group, the last of the block first; one group when all fit into `bytes`, else at least one key in each. */
export function hessianGroups(
  linears: readonly Pick<Linear, 'name' | 'inputKey' | 'weight'>[],
  wants: (name: string) => boolean,
  bytes: number,
): ReadonlySet<string>[] {
  const channels = new Map<string, number>()
  for (const { name, inputKey, weight } of linears) if (wants(name)) channels.set(inputKey, weight.shape[1])
  const groups: Map<string, number>[] = []
  for (const [key, width] of [...channels].reverse()) {
    const last = groups.at(-1)
    if (last && groupBytes([...last.values(), width]) <= bytes) last.set(key, width)
    else groups.push(new Map([[key, width]]))
  }
  return groups.map((group) => new Set(group.keys()))
}
