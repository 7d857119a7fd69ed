// One recovery as reports have it.
import type { RecoverMode } from '../../recipe/schema.ts'
import type { MergedUpdate, Movement } from './events.ts'
import type { PlannedRecovery, TrainableCount } from '../../plan/runPlan.ts'

export interface RecoveryReport {
  mode: RecoverMode
  train: string[]
  steps: number
  /** null: it trains nothing, but solves for the weights, or merges an adapter. */
  trainable: TrainableCount | null
  /** What merging its adapter added to each matrix, and the share of all that fell on zeros and was cut off. */
  merged?: { cut: number; modules: Record<string, MergedUpdate> }
  /** How far it moved each tensor that it changed, by name in the checkpoint. */
  moved?: Record<string, Movement>
}

export function recoveryReport({ settings, count }: PlannedRecovery): RecoveryReport {
  const { mode, train, steps } = settings
  return { mode, train, steps, trainable: count }
}
