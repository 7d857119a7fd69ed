// The state that the phases share beside the session, and the current model of the run.
import { availableParallelism } from 'node:os'
import { shareMemory, sizesOf, type Budget } from '../../../plan/memory.ts'
import { pruneCost } from '../../../plan/pruneCost.ts'
import type { PruneEntry } from '../../../plan/pruneEntry.ts'
import type { PlannedRecovery } from '../../../plan/runPlan.ts'
import type { ActivationBudget } from '../../blocks/activations.ts'
import type { Checkpoint } from '../../checkpoint/checkpoint.ts'
import type { RunData } from '../open/runData.ts'
import { passStage } from '../state/blockStore.ts'
import type { RunSession } from '../state/session.ts'
import { blockParts, withStateModel, type SavedStage } from '../state/stateModel.ts'

export interface RunContext {
  readonly session: RunSession
  readonly data: RunData
  /** How a pass that does these recoveries shares the memory. */
  budgetOf(recoveries: readonly PlannedRecovery[]): Budget
  /** The plan's entries with the sparsities that only a run can decide. The run determines them once. */
  entries(): Promise<readonly PruneEntry[]>
}

export function createContext(
  session: RunSession,
  data: RunData,
  allocate: (context: RunContext) => Promise<readonly PruneEntry[]>,
): RunContext {
  const { memoryBytes, backend, model } = session
  const { limitBytes } = backend.memory()
  const limits = { memoryBytes, limitBytes, apart: backend.traits.ownMemory, threads: availableParallelism() }
  let entries: ReturnType<RunContext['entries']> | null = null
  const context: RunContext = {
    session,
    data,
    budgetOf(planned) {
      const recoveries = planned.map(({ settings }) => settings)
      const { bytes } = pruneCost(session.recipe, model.config, { prunes: true, recoveries })
      return shareMemory(limits, sizesOf(model.config, recoveries), bytes)
    },
    entries: () => (entries ??= allocate(context)),
  }
  return context
}

/** Most activation stores that a pass has at once: inputs, outputs and middles of the dense model, and the pruned stream. */
const stores = 4

export function statesIn({ activationBytes, residentStateBytes }: Budget, spillFolder: string): ActivationBudget {
  return { bytes: activationBytes, residentBytes: residentStateBytes / stores, spillFolder }
}

/** Stages that pruning has saved so far. */
export function prunedStages({ session }: RunContext): SavedStage[] {
  return session.plan.entries.length > 0
    ? [{ stage: 'pruned', parts: blockParts(session.progress.finishedBlocks) }]
    : []
}

/** Stages of the model after pruning and the first `passes` passes of recovery. */
function stagesAfter(context: RunContext, passes: number): SavedStage[] {
  const blocks = blockParts(context.session.model.config.numBlocks)
  const later = context.session.plan.passes.later.slice(0, passes).map(({ blockwise }, pass): SavedStage => {
    return { stage: passStage(pass), parts: blockwise ? blocks : [...blocks, 'ends'] }
  })
  return [...prunedStages(context), ...later]
}

/** Runs `body` on the model after all finished passes. `more`: what a pass in progress has saved so far. */
export function withRunModel<T>(
  context: RunContext,
  body: (model: Checkpoint) => Promise<T>,
  more: readonly SavedStage[] = [],
): Promise<T> {
  const { session } = context
  const passes = session.progress.recoveredPasses
  const finished = session.plan.passes.later.slice(0, passes)
  const untied = finished.some(({ recoveries }) => recoveries.some(({ untiesHead }) => untiesHead))
  return withStateModel(session, [...stagesAfter(context, passes), ...more], untied, body)
}
