// One recovery as reports have it.
import type { RecoverMode } from '../recipe/schema.ts'
import type { PlannedRecovery, TrainableCount } from './runPlan.ts'

export interface RecoveryReport {
  mode: RecoverMode
  train: string[]
  steps: number
  /** null: it trains nothing, but solves for the weights. */
  trainable: TrainableCount | null
}

export function recoveryReport({ settings, count }: PlannedRecovery): RecoveryReport {
  const { mode, train, steps } = settings
  return { mode, train, steps, trainable: count }
}
