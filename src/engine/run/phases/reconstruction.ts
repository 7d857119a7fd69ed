// Reconstruction of one block inside a run: settings from the recipe, steps into the events.
import { exactAdapters } from '../../../shared/adapters/adapters.ts'
import type { DenseKind } from '../../blocks/states.ts'
import type { BlockRecovery, BlockWork } from '../../blocks/walkBlocks.ts'
import { EngineError } from '../../errors.ts'
import {
  reconstructBlock,
  reconstructSubmodules,
  type BlockReconstruction,
  type ReconstructBlockOptions,
} from '../../recover/reconstructBlock.ts'
import { setOfBlock } from '../../../shared/plan/selectTrainable.ts'
import type { Budget } from '../../../shared/plan/memory.ts'
import type { TrainableSet } from '../../../shared/plan/trainable.ts'
import type { ResolvedRecover } from '../../../shared/recipe/resolve.ts'
import type { RunSession } from '../state/session.ts'
import type { StartMatrices } from '../open/startMatricesOf.ts'

/** What `recover.mode: reconstruct` does to each block. */
export function reconstruction(
  session: RunSession,
  recover: ResolvedRecover,
  trainable: TrainableSet,
  budget: Budget,
  starts: StartMatrices,
): BlockRecovery {
  const dense = recover.inputs === 'dense' ? 'model' : 'block'
  const middles = recover.window === 'submodule'
  const shared = { session, recover, trainable, budget, starts }
  return { dense, middles, recover: (work) => reconstructInRun(shared, dense, work) }
}

interface Shared {
  readonly session: RunSession
  readonly recover: ResolvedRecover
  readonly trainable: TrainableSet
  readonly budget: Budget
  readonly starts: StartMatrices
}

/** Trains the block in place. null when nothing of it trains. */
async function reconstructInRun(
  { session, recover, trainable, budget, starts }: Shared,
  dense: DenseKind,
  { block, masks, states }: BlockWork,
): Promise<BlockReconstruction | null> {
  const { seed } = session.recipe
  const fitted = states?.dense[dense]
  if (!fitted) throw new EngineError('internal', `block ${block.index}: reconstruction without its inputs`)
  const { inputs, outputs: targets, middles } = fitted
  const stepsOfBlock = middles ? 2 * recover.steps : recover.steps
  const advance = (steps: number) =>
    session.advance(block.index * stepsOfBlock + steps, session.model.config.numBlocks * stepsOfBlock, 'steps')
  const set = setOfBlock(session.model.config, trainable, block.index)
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
    masks,
    inputs,
    targets,
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
    middles
      ? reconstructSubmodules(options, middles, dense === 'model' ? 'dense' : 'trained')
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
