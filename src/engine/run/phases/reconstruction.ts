// Reconstruction of one block inside a run: settings from the recipe, steps into the events.
import { exactAdapters } from '../../../catalog/adapters/adapters.ts'
import type { BlockRecovery, BlockWork } from '../../blocks/processBlocks.ts'
import { EngineError } from '../../errors.ts'
import {
  reconstructBlock,
  reconstructSubmodules,
  type BlockReconstruction,
  type ReconstructBlockOptions,
} from '../../recover/reconstructBlock.ts'
import type { Budget } from '../../../plan/memory.ts'
import { setOfBlock, type TrainableSet } from '../../../plan/trainable.ts'
import type { PlannedRecovery } from '../../../plan/runPlan.ts'
import type { Movement } from '../../../runs/series/events.ts'
import type { RunSession } from '../state/session.ts'
import type { StartMatrices } from '../open/givenAdapters.ts'
import { movesInto, numberOf, type StepCount, stepsOfBlock, trainingSettings } from './trainingSteps.ts'

export interface Reconstruction {
  readonly session: RunSession
  readonly recovery: PlannedRecovery
  readonly trainable: TrainableSet
  readonly budget: Budget
  readonly starts: StartMatrices
  /** Called with the number of the recovery's steps that are done in the block. */
  readonly advance: StepCount
}

/** The recovery of each block under `mode: reconstruct`. */
export function reconstruction(options: Reconstruction): BlockRecovery {
  const { targets, window } = options.recovery.settings
  return { dense: targets, middles: window === 'submodule', recover: (work) => reconstructInRun(options, work) }
}

/** Trains the block in place. Returns null when none of its parameters is trained. */
async function reconstructInRun(
  { session, recovery, trainable, budget, starts, advance }: Reconstruction,
  { block, masks, states, fitted }: BlockWork,
): Promise<BlockReconstruction | null> {
  const { settings: recover, place } = recovery
  if (!states || !fitted) throw new EngineError('internal', `block ${block.index}: reconstruction without its inputs`)
  const { outputs: targets, middles } = fitted
  const inputs = recover.inputs === 'dense' ? fitted.inputs : states.inputs
  const set = setOfBlock(session.model.config, trainable, block.index)
  if (set.direct.length + set.adapted.length === 0) {
    session.warn(`block ${block.index}: ${place}.train selects nothing in it, so it is pruned only`)
    advance(block.index, stepsOfBlock(recover))
    return null
  }
  const moved: Record<string, Movement> = {}
  const options: ReconstructBlockOptions = {
    backend: session.backend,
    model: session.model,
    block,
    set,
    masks,
    inputs,
    targets,
    rank: recover.lora.rank,
    alpha: recover.lora.alpha,
    startOf: starts.of,
    effectiveWeightBytes: budget.effectiveWeightBytes,
    settings: trainingSettings(recovery, session.recipe.seed),
    signal: session.signal,
    pausePoint: session.pausePoint,
    onMerge: movesInto(session, moved),
    onLowerRate: (where, why, lr) =>
      session.warn(`${where} ${why} at lr ${2 * lr}; it is trained again from its start at lr ${lr}`),
    onUntrained: (where, lr) =>
      session.warn(
        `${where} ended with a larger error at lr ${lr} too, so it stays as it was pruned; lower ${place}.lr or train longer`,
      ),
    onStep: (step, { loss, lr }, tokensPerSecond) => {
      session.log.emit({
        type: 'step',
        ...numberOf(session, recovery),
        block: block.index,
        step: step + 1,
        loss,
        lr,
        tokens_per_second: tokensPerSecond,
      })
      advance(block.index, step + 1)
    },
  }
  const result = await session.time('reconstruct', () =>
    middles
      ? reconstructSubmodules(options, middles, recover.inputs === 'dense' ? 'dense' : 'trained')
      : reconstructBlock(options),
  )
  // A block that already gives its targets takes no steps.
  advance(block.index, stepsOfBlock(recover))
  warnAbout(session, block.index, place, result)
  return { ...result, moved }
}

function warnAbout(
  session: RunSession,
  index: number,
  place: string,
  { errorBefore, errorAfter, errorMerged }: BlockReconstruction,
) {
  const show = (value: number) => value.toPrecision(3)
  if (errorMerged > errorAfter)
    session.warn(
      `block ${index}: merging the adapters drops their updates of pruned weights: error ${show(errorAfter)} → ${show(errorMerged)}; use ${exactAdapters[0]}, which merges without loss`,
    )
  if (errorAfter > errorBefore)
    session.warn(
      `block ${index}: its error grew, ${show(errorBefore)} → ${show(errorAfter)}; lower ${place}.lr or train longer`,
    )
}
