// Pruning, and reconstruction where the recipe asks for it: block after block, each saved when it is finished.
import { moduleOfWeight } from '../../../shared/families/parameters.ts'
import { releaseBlock, loadBlock, type Block } from '../../model/block.ts'
import { openModel } from '../../model/model.ts'
import type { PruneHost } from '../../prune/host.ts'
import { zerosOf, type Mask } from '../../prune/mask.ts'
import { lookAtData } from '../../../shared/plan/pruneEntries.ts'
import { pruneModel, type BlockState } from '../../prune/pruneModel.ts'
import type { CalibrationSet } from '../../prune/stream.ts'
import type { BlockReconstruction } from '../../recover/reconstructBlock.ts'
import { openParts, readMasks, savePart, type StoredStage } from '../state/blockStore.ts'
import type { Budget } from '../../../shared/plan/memory.ts'
import { createModelStream } from './modelStream.ts'
import { overlayCheckpoint } from '../state/overlay.ts'
import type { BlockResult } from '../state/progress.ts'
import type { RunPlan } from '../../../shared/plan/runPlan.ts'
import type { RunSession } from '../state/session.ts'
import { maskFileOf } from '../open/sourceMasks.ts'
import { storeParameter } from '../state/storedBlock.ts'
import type { StateTensor } from '../state/tensorFile.ts'

export interface PrunePhase {
  readonly session: RunSession
  readonly plan: RunPlan
  readonly budget: Budget
  readonly host: PruneHost
  readonly calibration: CalibrationSet | null
  /** `pruned`: the run's own pass. `baseline`: pruning alone, beside a run that reconstructs, for a measurement. */
  readonly stage: StoredStage
  /** Blocks that are saved already. */
  readonly finishedBlocks: number
  /** Trains a block that has just been pruned; null when the pass only prunes. */
  readonly reconstruct: ((state: BlockState<Block>) => Promise<BlockReconstruction | null>) | null
  /** After a block is saved. */
  readonly onBlock: (result: BlockResult) => Promise<void>
}

export async function runPrunePhase(phase: PrunePhase): Promise<void> {
  const { session, plan, reconstruct } = phase
  const { backend, model, recipe } = session
  const stream = createModelStream(backend, model)
  let trained: BlockReconstruction | null = null
  let begun = session.log.elapsed()
  try {
    await pruneModel<Block>({
      backend,
      host: phase.host,
      stream,
      entries: plan.entries,
      given: await masksBesides(session, plan),
      calibration: reconstruct || lookAtData(plan.entries) ? phase.calibration : null,
      dense: !reconstruct ? 'none' : recipe.recover?.inputs === 'dense' ? 'model' : 'block',
      middles: reconstruct !== null && recipe.recover?.window === 'submodule',
      seed: recipe.seed,
      activations: { bytes: phase.budget.activationBytes, spillFolder: session.folder.state },
      signal: session.signal,
      // Where blocks are trained, the steps tell better how far the run is.
      onProgress: (done, total) => (reconstruct ? undefined : session.advance(done, total, 'windows')),
      onWarning: session.warn,
      hooks: {
        finished: async (index) => (index < phase.finishedBlocks ? finishedBlock(phase, index) : null),
        onDense: async () => session.pausePoint?.(),
        onPruned: async (state) => {
          trained = (await reconstruct?.(state)) ?? null
        },
        onFinished: async (state) => {
          await saveBlock(phase, state)
          await phase.onBlock(resultOf(state, trained, (session.log.elapsed() - begun) / 1000))
          begun = session.log.elapsed()
        },
      },
    })
  } finally {
    stream.close()
  }
}

/** Masks of the source that the recipe does not choose anew. */
async function masksBesides(session: RunSession, { entries }: RunPlan): Promise<Map<string, Mask>> {
  const masks = (await maskFileOf(session.model)) ?? new Map<string, Mask>()
  for (const entry of entries) for (const name of entry.sparsities.keys()) masks.delete(name)
  return masks
}

/** A block as it was saved, and its masks. */
async function finishedBlock({ session, stage }: PrunePhase, index: number) {
  const layers = await openParts(session.folder.state, stage, [index])
  const overlay = overlayCheckpoint(session.source, layers)
  try {
    const block = await loadBlock(session.backend, openModel(overlay), index, { as: 'f32' })
    try {
      return { block, masks: await readMasks(layers[0]) }
    } catch (error) {
      releaseBlock(session.backend, block)
      throw error
    }
  } finally {
    await overlay.close()
  }
}

/** Saves what pruning and training changed of the block, masks checked in the bytes that are saved. */
async function saveBlock({ session, plan, stage, reconstruct }: PrunePhase, state: BlockState<Block>): Promise<void> {
  const { backend, model, folder } = session
  const { block, masks } = state
  const trained = new Set(reconstruct ? plan.trainable?.direct.map(({ name }) => name) : [])
  const adapted = new Set(reconstruct ? plan.trainable?.adapted.map(({ name }) => `${name}.weight`) : [])
  const tensors: StateTensor[] = []
  for (const [name, tensor] of block.params) {
    const learnt = trained.has(name) || adapted.has(name)
    if (!learnt && !masks.has(moduleOfWeight(name))) continue
    tensors.push(await storeParameter(backend, model, name, tensor, masks, learnt ? 'training' : 'pruning'))
  }
  await savePart(folder.state, stage, block.index, tensors, masks)
}

function resultOf(
  { block, masks }: BlockState<Block>,
  trained: BlockReconstruction | null,
  seconds: number,
): BlockResult {
  const modules: BlockResult['modules'] = {}
  for (const { name, weight } of block.linears) {
    const mask = masks.get(name)
    const zeros = mask ? zerosOf(mask) : 0
    modules[name] = { size: weight.length, zeros, sparsity: zeros / weight.length }
  }
  const errors = trained && { error_before: trained.errorBefore, error_after: trained.errorAfter }
  return { block: block.index, modules, ...errors, seconds }
}
