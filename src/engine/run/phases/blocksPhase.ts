// A pass over the blocks that prunes them, recovers them, or both: block after block, each saved when it is finished.
import { moduleOfWeight } from '../../../catalog/families/parameters.ts'
import { loadBlock, type Block } from '../../model/block.ts'
import { productForm } from '../../model/computeIn.ts'
import { openModel } from '../../model/model.ts'
import type { PruneHost } from '../../prune/host.ts'
import { zerosOf } from '../../prune/mask.ts'
import { lookAtData, prunedNames, type PruneEntry } from '../../../plan/pruneEntries.ts'
import { processBlocks, type BlockRecovery, type BlockWork } from '../../blocks/processBlocks.ts'
import type { ActivationBudget } from '../../blocks/activations.ts'
import type { CalibrationSet } from '../../blocks/flow.ts'
import { openParts, savePart, type StoredStage } from '../state/blockStore.ts'
import type { Budget } from '../../../plan/memory.ts'
import { createModelStream } from '../../blocks/modelStream.ts'
import { overlayCheckpoint } from '../state/stateModel.ts'
import type { BlockResult } from '../state/progress.ts'
import { changedNames } from '../../../plan/trainable.ts'
import type { PlannedRecovery } from '../../../plan/runPlan.ts'
import type { Checkpoint } from '../../checkpoint/checkpoint.ts'
import type { StoredMasks } from '../../checkpoint/storedMask.ts'
import type { RunSession } from '../state/session.ts'
import { masksBesides } from '../open/sourceMasks.ts'
import { recordMoves } from './trainingSteps.ts'
import { storedParameter } from '../state/storedBlock.ts'
import type { StateTensor } from '../state/tensorFile.ts'

export interface BlocksPhase {
  readonly session: RunSession
  readonly entries: readonly PruneEntry[]
  /** The model so far, already pruned by `entries`, and its masks. null: the source, which is pruned now. */
  readonly base: { readonly checkpoint: Checkpoint; readonly masks: StoredMasks } | null
  readonly budget: Budget
  readonly host: PruneHost
  readonly calibration: CalibrationSet | null
  /** Stage under which the blocks are saved. */
  readonly stage: StoredStage
  /** Blocks that are saved already. */
  readonly finishedBlocks: number
  /** Recoveries of each block after pruning. */
  readonly recoveries: readonly AppliedRecovery[]
  /** After a block is saved. */
  readonly onBlock: (result: BlockResult) => Promise<void>
}

/** One of the recipe's recoveries with what it does to a block. */
export interface AppliedRecovery {
  readonly planned: PlannedRecovery
  readonly apply: BlockRecovery
}

export async function runBlocksPhase(phase: BlocksPhase): Promise<void> {
  const { session, entries, base, budget, host, recoveries } = phase
  const { backend, recipe, model, folder, signal, pausePoint } = session
  const looksAtData = recoveries.length > 0 || lookAtData(entries)
  const as = productForm(backend)
  const stream = createModelStream(backend, model, as)
  const pruned = base ? createModelStream(backend, openModel(base.checkpoint), as) : undefined
  let begun = session.log.elapsed()
  try {
    const walk = processBlocks({
      backend,
      host,
      stream,
      pruned,
      entries,
      given: base ? base.masks : await masksBesides(model, prunedNames(entries), session.warn),
      calibration: looksAtData ? phase.calibration : null,
      recover: recoveries.map(({ apply }) => apply),
      seed: recipe.seed,
      certifies: phase.stage !== 'baseline',
      activations: statesIn(budget, folder.state),
      statisticBytes: budget.statisticBytes,
      finished: { blocks: phase.finishedBlocks, load: (index) => savedBlock(phase, index) },
      signal,
      pausePoint,
      // Where blocks are trained, the steps show the progress better.
      onProgress: (done, total) => (recoveries.length > 0 ? undefined : session.advance(done, total, 'windows')),
      onWarning: session.warn,
    })
    for await (const work of walk) {
      await saveBlock(phase, work)
      for (const [i, one] of work.recovered.entries())
        if (one?.moved) recordMoves(session, recoveries[i].planned, work.block.index, one.moved)
      await phase.onBlock(resultOf(phase, work, (session.log.elapsed() - begun) / 1000))
      begun = session.log.elapsed()
    }
  } finally {
    stream.close()
    pruned?.close()
  }
}

/** Most stores that a pass has at once: inputs, outputs and middles of the dense model, and the pruned stream. */
const stores = 4

export function statesIn({ activationBytes, residentStateBytes }: Budget, spillFolder: string): ActivationBudget {
  return { bytes: activationBytes, residentBytes: residentStateBytes / stores, spillFolder }
}

/** A block as it was saved. */
async function savedBlock({ session, base, stage }: BlocksPhase, index: number): Promise<Block> {
  const under = base?.checkpoint ?? session.source
  const overlay = overlayCheckpoint(under, await openParts(session.folder.state, stage, [index]))
  try {
    return await loadBlock(session.backend, openModel(overlay), index, { as: productForm(session.backend) })
  } finally {
    await overlay.close()
  }
}

/** Saves what pruning and training changed of the block, masks checked in the bytes that are saved. */
async function saveBlock({ session, entries, base, stage, recoveries }: BlocksPhase, work: BlockWork): Promise<void> {
  const { backend, model, folder } = session
  const { block, masks, reordered } = work
  const sets = recoveries.flatMap(({ planned }) => planned.trainable ?? [])
  const trained = new Set(sets.flatMap(changedNames))
  const solves = recoveries.some(({ planned }) => planned.trainable === null)
  const solved = solves ? prunedNames(entries) : new Set<string>()
  const tensors: StateTensor[] = []
  for (const [name, tensor] of block.params) {
    const learnt = trained.has(name)
    const linear = moduleOfWeight(name)
    if (!learnt && !reordered.has(name) && !(base ? solved : masks).has(linear)) continue
    tensors.push(storedParameter(backend, model, name, tensor, masks, learnt ? 'training' : 'pruning'))
  }
  await savePart(folder.state, stage, block.index, tensors, masks)
}

function resultOf(
  { session, recoveries }: BlocksPhase,
  { block, masks, certificates, recovered }: BlockWork,
  seconds: number,
): BlockResult {
  const modules: BlockResult['modules'] = {}
  for (const { name, weight } of block.linears) {
    const mask = masks.get(name)
    const zeros = mask ? zerosOf(mask) : 0
    const certificate = certificates.get(name)
    modules[name] = { size: weight.length, zeros, sparsity: zeros / weight.length, ...(certificate && { certificate }) }
  }
  const errors = recovered.flatMap((one, i) =>
    one ? [{ recovery: recoveries[i].planned.index, error_before: one.errorBefore, error_after: one.errorAfter }] : [],
  )
  const last = errors.at(-1)
  return {
    block: block.index,
    modules,
    ...(last && { error_before: last.error_before, error_after: last.error_after }),
    ...(last && session.recipe.recover.length > 1 && { errors }),
    seconds,
  }
}
