// A recovery of a recipe as the training code takes it.
import type { PlannedRecovery } from '../../../plan/runPlan.ts'
import type { TrainingSettings } from '../../recover/optimiser.ts'

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
