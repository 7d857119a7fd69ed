// Prunes a block whose Hessians do not fit the memory together (hessianGroups.ts): the block is run again for each group.
import { methodOf } from '../../catalog/methods/methods.ts'
import type { PruneEntry } from '../../plan/pruneEntries.ts'
import type { Linear, LinearObserver } from '../model/module.ts'
import type { Mask } from '../prune/mask.ts'
import { pruneBlock, type PruneContext } from '../prune/pruneBlock.ts'
import { Statistics } from '../prune/statistics.ts'

/** Runs the block on its inputs as it is now. */
export type Look = (observe: LinearObserver) => Promise<void>

export interface GroupedBlock {
  readonly pruning: PruneContext
  readonly linears: readonly Linear[]
  /** Statistics of the first run: norms of all inputs, Hessians of the first group. */
  readonly first: Statistics
  readonly groups: readonly ReadonlySet<string>[]
  readonly run: Look
}

export const solves = (entry: PruneEntry | undefined) =>
  entry !== undefined && methodOf(entry.method).needs === 'hessian'

/** Prunes first the linears that are solved for, group after group, then all others, whose norms come from the first run. */
export async function pruneInGroups(work: GroupedBlock, masks: Map<string, Mask>): Promise<void> {
  const { pruning, linears, first, groups } = work
  const found = new Map<string, Mask>()
  for (const [i, group] of groups.entries()) {
    const members = new Set(linears.flatMap(({ name, inputKey }) => (group.has(inputKey) ? [name] : [])))
    const chosen = only(pruning, (name, entry) => solves(entry) && members.has(name))
    const statistics = i === 0 ? first : await lookAgain(chosen, work)
    try {
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
