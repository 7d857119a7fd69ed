// Recovery after pruning: a retraining of the whole model, a merge into it, or one more pass over its blocks.
import type { RecoveryPass } from '../../../plan/passes.ts'
import type { PlannedRecovery } from '../../../plan/runPlan.ts'
import { openCheckpoint } from '../../checkpoint/checkpoint.ts'
import { openModel } from '../../model/model.ts'
import type { StoredMasks } from '../../checkpoint/storedMask.ts'
import { startMatricesOf } from '../open/givenAdapters.ts'
import { passStage, type StoredStage } from '../state/blockStore.ts'
import { runAdapterPhase } from './adapterPhase.ts'
import { recoverBlocks } from './blocksPhase.ts'
import { evaluateTraining, isDue } from './evaluateStage.ts'
import { runRetrainPhase } from './retrainPhase.ts'
import { withRunModel, type RunContext } from './runContext.ts'
import { numberOf } from './trainingSteps.ts'

/** Does the rest of the `number`-th pass after pruning. */
export async function recoverPass(
  context: RunContext,
  masks: StoredMasks,
  number: number,
  { blockwise, recoveries }: RecoveryPass<PlannedRecovery>,
): Promise<void> {
  const { session } = context
  const { progress } = session
  const [first] = recoveries
  const stage = passStage(number)
  const body = () => {
    if (blockwise) return recoverBlocks(context, masks, recoveries, stage)
    const whole = first.settings.mode === 'merge' ? runAdapterPhase : retrain
    return whole(context, masks, first, stage)
  }
  await session.phase(first.settings.mode, body, { part: `recover ${number}`, ...numberOf(session, first) })
  progress.recoveredPasses = number + 1
  progress.walkedBlocks = 0
  progress.trainedSteps = 0
  progress.losses = []
  await session.milestone()
}

async function retrain(
  context: RunContext,
  masks: StoredMasks,
  recovery: PlannedRecovery,
  stage: StoredStage,
): Promise<void> {
  const { session, data } = context
  const { trainable: set, index } = recovery
  const training = data.training[index]
  if (!set || !training) return
  const { loss, dense: path } = recovery.settings
  const starts = await startMatricesOf(session.recipe.seed, recovery)
  const dense = loss && path !== undefined ? await openCheckpoint(path) : session.source
  try {
    await withRunModel(context, (base) =>
      runRetrainPhase({
        session,
        recovery,
        base: openModel(base),
        stage,
        masks,
        set,
        budget: context.budgetOf([recovery]),
        starts,
        windows: training,
        dense: loss ? { model: openModel(dense), loss } : null,
        isEvaluationDue: (step) => session.recipe.evaluate.some((e) => isDue(e, step)),
        evaluate: (decoder, { adapterOf }, step) =>
          evaluateTraining(context, decoder, adapterOf, { step, ...numberOf(session, recovery) }),
      }),
    )
  } finally {
    if (dense !== session.source) await dense.close()
    await starts.close()
  }
}
