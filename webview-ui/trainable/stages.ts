// Stages of a recipe that recovers in several: the page shows one of them, or what any of them trains.
import type { PlanSummary, RecoverySummary } from '../../src/plan/planSummary.ts'
import { recoveryName } from '../../src/runs/series/recoveries.ts'
import type { Option } from '../shared/parts.tsx'

export const allStages = 'all'
/** Index of a recovery, or all of them. */
export type Stage = typeof allStages | `${number}`

export function stageOptions(recoveries: readonly RecoverySummary[]): Option<Stage>[] {
  const each = recoveries.map(({ mode }, i) => ({ value: `${i}` as const, text: recoveryName(i, mode) }))
  return [{ value: allStages, text: 'all stages' }, ...each]
}

/** The plan with rows and totals of one stage. */
export function planOfStage(plan: PlanSummary, stage: Stage): PlanSummary {
  const recovery = stage === allStages ? undefined : plan.recoveries.at(Number(stage))
  if (!recovery) return plan
  const { trainable, percentage, trains } = recovery
  const trained = new Map(trains.map((one) => [one.name, one]))
  const rows = plan.rows.map((row) => ({ ...row, trainable: 0, by: null, ...trained.get(row.name) }))
  return { ...plan, rows, trainable, percentage }
}

/** What the page shows, as a sentence; null where the recipe has one stage at most. */
export function stageText({ recoveries }: PlanSummary, stage: Stage): string | null {
  if (recoveries.length < 2) return null
  if (stage === allStages) return 'All stages: each parameter as the stage that trains most of it.'
  const { mode, train } = recoveries[Number(stage)]
  return `Stage ${recoveryName(Number(stage), mode)} alone: it trains ${train.join(', ') || 'nothing'}.`
}
