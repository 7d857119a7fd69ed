// The steps of a recovery: their settings as the training code takes them, and how far a walk over the blocks is.
import type { PlannedRecovery } from '../../../plan/runPlan.ts'
import type { ResolvedRecover } from '../../../recipe/resolve.ts'
import type { RunSession } from '../state/session.ts'
import type { TrainingSettings } from '../../recover/optimiser.ts'

/** Called with a block and how many of its steps in it a recovery has done. */
export type StepCount = (block: number, steps: number) => void

/** Optimiser steps or conjugate gradients. */
export function stepsOfBlock({ mode, window, steps }: ResolvedRecover): number {
  return mode === 'reconstruct' && window === 'submodule' ? 2 * steps : steps
}

/** One for each recovery of a walk: together they count the steps of all of them. */
export function stepCounts(session: RunSession, recoveries: readonly PlannedRecovery[]): StepCount[] {
  const steps = recoveries.map(({ settings }) => stepsOfBlock(settings))
  const all = steps.reduce((sum, count) => sum + count, 0)
  const total = session.model.config.numBlocks * all
  return steps.map((_, i) => {
    const before = steps.slice(0, i).reduce((sum, count) => sum + count, 0)
    return (block, done) => session.advance(block * all + before + done, total, 'steps')
  })
}

/** Numbers a recovery in events where there are several. */
export function numberOf({ recipe }: Pick<RunSession, 'recipe'>, { index }: Pick<PlannedRecovery, 'index'>) {
  return recipe.recover.length > 1 ? { recovery: index } : {}
}

/** Settings of a recovery's steps; `seed` is the recipe's. */
export function trainingSettings({ settings, place }: PlannedRecovery, seed: number): TrainingSettings {
  return {
    steps: settings.steps,
    lr: settings.lr,
    weightDecay: settings.weight_decay,
    clipNorm: settings.clip_norm,
    batchSize: settings.batch_size,
    gradAccumulation: settings.grad_accumulation,
    shuffleSeed: settings.shuffle ? seed : null,
    place,
  }
}
