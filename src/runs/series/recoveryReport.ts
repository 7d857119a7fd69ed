// One recovery as reports have it.
import type { RecoverMode } from '../../recipe/modes.ts'
import type { MergedUpdate } from './events.ts'
import type { PlannedRecovery, TrainableCount } from '../../plan/runPlan.ts'

export interface RecoveryReport {
  mode: RecoverMode
  train: string[]
  steps: number
  /** null: it trains nothing, but solves for the weights, or merges an adapter. */
  trainable: TrainableCount | null
  /** What merging its adapter added to each matrix, and the share of all that fell on zeros and was cut off. */
  merged?: { cut: number; modules: Record<string, MergedUpdate> }
}

export function recoveryReport({ settings, count }: PlannedRecovery): RecoveryReport {
  const { mode, train, steps } = settings
  return { mode, train, steps, trainable: count }
}
