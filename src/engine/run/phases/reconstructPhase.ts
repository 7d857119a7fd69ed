// Reconstruction of one block inside a run: settings from the recipe, steps into the events.
import { exactAdapters } from '../../../shared/adapters/adapters.ts'
import type { Block } from '../../model/block.ts'
import type { BlockState } from '../../prune/pruneModel.ts'
import { EngineError } from '../../errors.ts'
import {
  reconstructBlock,
  reconstructSubmodules,
  type BlockReconstruction,
  type ReconstructBlockOptions,
} from '../../recover/reconstructBlock.ts'
import { setOfBlock } from '../../../shared/plan/selectTrainable.ts'
import type { Budget } from '../../../shared/plan/memory.ts'
import type { RunPlan } from '../../../shared/plan/runPlan.ts'
import type { RunSession } from '../state/session.ts'
import type { StartMatrices } from '../open/startMatricesOf.ts'

/** Trains the block in place. null when nothing of it trains. */
export async function reconstructInRun(
  session: RunSession,
  plan: RunPlan,
  budget: Budget,
  starts: StartMatrices,
  state: BlockState<Block>,
): Promise<BlockReconstruction | null> {
  const { recover, seed } = session.recipe
  const { block, denseOutputs, denseMiddles } = state
  const inputs = state.denseInputs ?? state.inputs
  if (!recover || !plan.trainable || !inputs || !denseOutputs)
    throw new EngineError('internal', `block ${block.index}: reconstruction without its inputs`)
  const stepsOfBlock = denseMiddles ? 2 * recover.steps : recover.steps
  const advance = (steps: number) =>
    session.advance(block.index * stepsOfBlock + steps, session.model.config.numBlocks * stepsOfBlock, 'steps')
  const set = setOfBlock(session.model.config, plan.trainable, block.index)
  if (set.direct.length + set.adapted.length === 0) {
    session.warn(`block ${block.index}: recover.train selects nothing in it, so it is pruned only`)
    advance(stepsOfBlock)
    return null
  }
  const options: ReconstructBlockOptions = {
    backend: session.backend,
    model: session.model,
    block,
    set,
    masks: state.masks,
    inputs,
    targets: denseOutputs,
    rank: recover.lora.rank,
    alpha: recover.lora.alpha,
    startOf: starts.of,
    effectiveWeightBytes: budget.effectiveWeightBytes,
    settings: {
      steps: recover.steps,
      lr: recover.lr,
      weightDecay: recover.weight_decay,
      batchSize: recover.batch_size,
      gradAccumulation: recover.grad_accumulation,
      shuffleSeed: recover.shuffle ? seed : null,
    },
    signal: session.signal,
    pausePoint: session.pausePoint,
    onStep: (step, { loss, lr }, tokensPerSecond) => {
      session.log.emit({
        type: 'step',
        block: block.index,
        step: step + 1,
        loss,
        lr,
        tokens_per_second: tokensPerSecond,
      })
      advance(step + 1)
    },
  }
  const result = await session.time('reconstruct', () =>
    denseMiddles
      ? reconstructSubmodules(options, denseMiddles, state.denseInputs ? 'dense' : 'trained')
      : reconstructBlock(options),
  )
  warnAbout(session, block.index, result)
  return result
}

function warnAbout(session: RunSession, index: number, { errorBefore, errorAfter, errorMerged }: BlockReconstruction) {
  const show = (value: number) => value.toPrecision(3)
  if (errorMerged > errorAfter)
    session.warn(
      `block ${index}: merging the adapters drops what they learnt on pruned weights: error ${show(errorAfter)} → ${show(errorMerged)}; ${exactAdapters[0]} loses nothing`,
    )
  if (errorAfter > errorBefore)
    session.warn(
      `block ${index}: its error grew, ${show(errorBefore)} → ${show(errorAfter)}; lower recover.lr or train longer`,
    )
}
