// The part of a recipe that decides its pruned model: runs of a sweep that agree in it share one pruning.
import { methodOf } from '../catalog/methods/methods.ts'
import { filesOf } from '../recipe/dataFiles.ts'
import { isText } from '../recipe/dataUses.ts'
import { passesOf } from './passes.ts'
import { stepNeedsData, type ResolvedRecipe } from '../recipe/resolve.ts'

/** null: it prunes nothing. */
export function pruningOf({ model, prune, calibration, precision, seed }: ResolvedRecipe): string | null {
  if (prune.length === 0) return null
  const data = prune.some(stepNeedsData) ? calibration : undefined
  // Ids lie as they are used; windows of text are drawn.
  const draws = prune.some(({ method }) => methodOf(method).seeded) || filesOf(data?.data).some(isText)
  return JSON.stringify([model, prune, data, precision, draws ? seed : null])
}

/** Its pruned model is there before anything is recovered; otherwise each block is recovered as soon as it is pruned. */
export function prunesFirst({ prune, recover }: ResolvedRecipe): boolean {
  return prune.length > 0 && passesOf(recover, true).whilePruning.length === 0
}
