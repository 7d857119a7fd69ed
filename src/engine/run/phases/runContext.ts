// The state that the phases share beside the session, and the current model of the run.
import { availableParallelism } from 'node:os'
import { shareMemory, type Budget } from '../../../plan/memory.ts'
import { pruneCost } from '../../../plan/pruneCost.ts'
import { sizesOf, type PlannedRecovery, type RunPlan } from '../../../plan/runPlan.ts'
import type { Checkpoint } from '../../checkpoint/checkpoint.ts'
import type { RunData } from '../open/runData.ts'
import { passStage } from '../state/blockStore.ts'
import type { RunSession } from '../state/session.ts'
import { blockParts, withStateModel, type SavedStage } from '../state/stateModel.ts'

export interface RunContext {
  readonly session: RunSession
  readonly plan: RunPlan
  readonly data: RunData
  /** How a pass that does these recoveries shares the memory. */
  budgetOf(recoveries: readonly PlannedRecovery[]): Budget
}

export function createContext(session: RunSession, plan: RunPlan, data: RunData): RunContext {
  const { memoryBytes, backend, model } = session
  const { limitBytes } = backend.memory()
  const limits = { memoryBytes, limitBytes, apart: backend.traits.ownMemory, threads: availableParallelism() }
  const budgetOf = (planned: readonly PlannedRecovery[]) => {
    const recoveries = planned.map(({ settings }) => settings)
    const { bytes } = pruneCost(session.recipe, model.config, { prunes: true, recoveries })
    return shareMemory(limits, sizesOf(model.config, recoveries), bytes)
  }
  return { session, plan, data, budgetOf }
}

/** Stages that pruning has saved so far. */
export function prunedStages({ plan, session }: RunContext): SavedStage[] {
  return plan.entries.length > 0 ? [{ stage: 'pruned', parts: blockParts(session.progress.finishedBlocks) }] : []
}

/** Stages of the model after pruning and the first `passes` passes of recovery. */
export function stagesAfter(context: RunContext, passes: number): SavedStage[] {
  const blocks = blockParts(context.session.model.config.numBlocks)
  const later = context.plan.passes.later.slice(0, passes).map(({ blockwise }, pass): SavedStage => {
    return { stage: passStage(pass), parts: blockwise ? blocks : [...blocks, 'ends'] }
  })
  return [...prunedStages(context), ...later]
}

/** The model after all passes that are finished; `more` is what a pass in progress has saved of it. */
export function withRunModel<T>(
  context: RunContext,
  body: (model: Checkpoint) => Promise<T>,
  more: readonly SavedStage[] = [],
): Promise<T> {
  const { session, plan } = context
  const passes = session.progress.recoveredPasses
  const finished = plan.passes.later.slice(0, passes)
  const untied = finished.some(({ recoveries }) => recoveries.some(({ untiesHead }) => untiesHead))
  return withStateModel(session, [...stagesAfter(context, passes), ...more], untied, body)
}
