// Checks the counts in a run's record against its recipe and its model: the record may come from anyone, and the work
// that it counts will be skipped.
import { passesOf } from '../../../plan/passes.ts'
import type { ResolvedRecipe } from '../../../recipe/resolve.ts'
import { EngineError } from '../../errors.ts'
import type { RunProgress } from '../state/progress.ts'

/** @throws EngineError 'bad-data' when more is done than there is to do. */
export function checkCounts(progress: RunProgress, recipe: ResolvedRecipe, numBlocks: number, folder: string): void {
  const { finishedBlocks, recoveredPasses, walkedBlocks, trainedSteps } = progress
  const { later } = passesOf(recipe.recover, recipe.prune.length > 0)
  const next = later.at(recoveredPasses)
  const merges = next?.recoveries[0].mode === 'merge'
  const [blocks, steps] = next?.blockwise || merges ? [numBlocks, 0] : [0, next?.recoveries[0].steps ?? 0]
  const refuse = (done: number, all: number, unit: string): never => {
    throw new EngineError('bad-data', `${folder} records ${done} finished ${unit}, of ${all}; start the run anew`)
  }
  if (finishedBlocks > numBlocks) refuse(finishedBlocks, numBlocks, 'blocks')
  if (recoveredPasses > later.length) refuse(recoveredPasses, later.length, 'recoveries')
  if (walkedBlocks > blocks) refuse(walkedBlocks, blocks, 'blocks')
  if (trainedSteps > steps) refuse(trainedSteps, steps, 'steps')
}
