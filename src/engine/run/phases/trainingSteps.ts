// The steps of a recovery: their settings as the training code takes them, how far a pass over the blocks is, and how far they move
// what they train.
import type { PlannedRecovery } from '../../../plan/runPlan.ts'
import type { ResolvedRecover } from '../../../recipe/resolve.ts'
import type { RunSession } from '../state/session.ts'
import type { TrainingSettings } from '../../recover/optimiser.ts'
import type { Movement } from '../../../runs/series/events.ts'
import { storedDType } from '../../model/weights.ts'
import { movementOf, type OnMerge } from '../../recover/movement.ts'

/** Called with a block and how many of its steps in it a recovery has done. */
export type StepCount = (block: number, steps: number) => void

/** Steps of a recovery in one block: optimiser steps, or conjugate gradients. */
export function stepsOfBlock({ mode, window, steps }: ResolvedRecover): number {
  return mode === 'reconstruct' && window === 'submodule' ? 2 * steps : steps
}

/** A counter for each recovery of a pass. Together the counters report the steps of all recoveries. */
export function stepCounts(session: RunSession, recoveries: readonly PlannedRecovery[]): StepCount[] {
  const steps = recoveries.map(({ settings }) => stepsOfBlock(settings))
  const all = steps.reduce((sum, count) => sum + count, 0)
  const total = session.model.config.numBlocks * all
  return steps.map((_, i) => {
    const before = steps.slice(0, i).reduce((sum, count) => sum + count, 0)
    return (block, done) => session.advance(block * all + before + done, total, 'steps')
  })
}

/** The index of a recovery, for events; empty in a recipe with a single recovery. */
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

/** Measures each tensor that is merged, and adds it to `moved` under its name in the checkpoint. */
export function movesInto({ backend, model }: RunSession, moved: Record<string, Movement>): OnMerge {
  return async (name, before, after) => {
    moved[name] = await movementOf(backend, before, after, storedDType(model, name))
  }
}

/** Records how far a recovery moved a block (null: outside the blocks). Replaces the record of an interrupted session. */
export function recordMoves(
  session: RunSession,
  recovery: PlannedRecovery,
  block: number | null,
  tensors: Readonly<Record<string, Movement>>,
): void {
  if (Object.keys(tensors).length === 0) return
  const { index } = recovery
  const { progress, log } = session
  const others = progress.moves.filter((one) => one.recovery !== index || one.block !== block)
  progress.moves = [...others, { recovery: index, block, tensors }]
  log.emit({ type: 'moved', ...numberOf(session, recovery), block, tensors })
}
