// Groups a list of recoveries into passes over the model: adjacent ones that work block by block share one pass over the blocks,
// a retraining and a merge are passes of their own.
import { type ResolvedRecipe, type ResolvedRecover, stepNeedsData } from '../recipe/resolve.ts'
import { methodOf } from '../catalog/methods/methods.ts'
import { sum } from '../formatting/lists.ts'
import { filesOf } from '../recipe/dataFiles.ts'
import { isText } from '../recipe/dataUses.ts'
import { isBlockwise } from '../recipe/modes.ts'

export interface RecoveryPass<T = ResolvedRecover> {
  /** Block after block, on the calibration set. If false, the one recovery trains the whole model or merges into it. */
  readonly blockwise: boolean
  readonly recoveries: readonly T[]
}

export interface Passes<T = ResolvedRecover> {
  /** Recoveries of each block as soon as it is pruned; empty without `prune`. */
  readonly whilePruning: readonly T[]
  readonly later: readonly RecoveryPass<T>[]
}

export function passesOf(recover: readonly ResolvedRecover[], prunes: boolean): Passes {
  return groupPasses(recover, prunes, (settings) => settings)
}

/**
 * How often something is measured in the middle of passes: after every `every` steps of a retraining, or every `every` blocks of a pass
 * over the blocks, but not after the last block, which ends the pass. A merge has no middle.
 */
export function timesBetween(
  { recover, prune }: Pick<ResolvedRecipe, 'recover' | 'prune'>,
  numBlocks: number,
  every = Infinity,
): number {
  const { whilePruning, later } = passesOf(recover, prune.length > 0)
  const all = whilePruning.length > 0 ? [{ blockwise: true, recoveries: whilePruning }, ...later] : later
  const times = all.map(({ blockwise, recoveries: [{ mode, steps }] }) =>
    mode === 'merge' ? 0 : Math.floor((blockwise ? numBlocks - 1 : steps) / every),
  )
  return sum(times)
}

/** `passesOf` for things that hold the settings of a recovery. */
export function groupPasses<T>(
  recoveries: readonly T[],
  prunes: boolean,
  settingsOf: (recovery: T) => Pick<ResolvedRecover, 'mode'>,
): Passes<T> {
  const passes: { blockwise: boolean; recoveries: T[] }[] = []
  for (const recovery of recoveries) {
    const blockwise = isBlockwise(settingsOf(recovery))
    const last = passes.at(-1)
    if (blockwise && last?.blockwise) last.recoveries.push(recovery)
    else passes.push({ blockwise, recoveries: [recovery] })
  }
  const [first, ...rest] = passes
  return prunes && first?.blockwise
    ? { whilePruning: first.recoveries, later: rest }
    : { whilePruning: [], later: passes }
}

/** The part of a recipe that decides its pruned model: runs of a sweep that agree in it share one pruning. null: it prunes nothing. */
export function pruningOf({ model, prune, calibration, precision, seed }: ResolvedRecipe): string | null {
  if (prune.length === 0) return null
  const data = prune.some(stepNeedsData) ? calibration : undefined
  // Ids are used in their order; windows of text are drawn, and so are the orders that `reorder` starts from.
  const draws =
    prune.some(({ method, reorder }) => methodOf(method).seeded || reorder) || filesOf(data?.data).some(isText)
  return JSON.stringify([model, prune, data, precision, draws ? seed : null])
}

/** Whether the whole model is pruned before recovery. If not, each block is recovered as soon as it is pruned. */
export function prunesFirst({ prune, recover }: ResolvedRecipe): boolean {
  return prune.length > 0 && passesOf(recover, true).whilePruning.length === 0
}
