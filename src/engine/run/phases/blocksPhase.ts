// Pruning, and reconstruction where the recipe asks for it: block after block, each saved when it is finished.
import { moduleOfWeight } from '../../../shared/families/parameters.ts'
import { loadBlock, type Block } from '../../model/block.ts'
import { openModel } from '../../model/model.ts'
import type { PruneHost } from '../../prune/host.ts'
import { zerosOf, type Mask } from '../../prune/mask.ts'
import { lookAtData, type PruneEntry } from '../../../shared/plan/pruneEntries.ts'
import { walkBlocks, type BlockRecovery, type BlockWork } from '../../blocks/walkBlocks.ts'
import type { CalibrationSet } from '../../blocks/flow.ts'
import { openParts, savePart, type StoredStage } from '../state/blockStore.ts'
import { allocate } from '../../blocks/allocate.ts'
import type { Budget } from '../../../shared/plan/memory.ts'
import { createModelStream } from '../../blocks/modelStream.ts'
import { overlayCheckpoint } from '../state/overlay.ts'
import type { BlockResult } from '../state/progress.ts'
import type { RunPlan } from '../../../shared/plan/runPlan.ts'
import type { RunSession } from '../state/session.ts'
import { maskFileOf } from '../open/sourceMasks.ts'
import { storeParameter } from '../state/storedBlock.ts'
import type { StateTensor } from '../state/tensorFile.ts'

export interface BlocksPhase {
  readonly session: RunSession
  readonly plan: RunPlan
  readonly budget: Budget
  readonly host: PruneHost
  readonly calibration: CalibrationSet | null
  /** `pruned`: the run's own pass. `baseline`: pruning alone, beside a run that reconstructs, for a measurement. */
  readonly stage: StoredStage
  /** Blocks that are saved already. */
  readonly finishedBlocks: number
  /** What follows pruning in each block. */
  readonly recover: readonly BlockRecovery[]
  /** After a block is saved. */
  readonly onBlock: (result: BlockResult) => Promise<void>
}

export async function runBlocksPhase(phase: BlocksPhase): Promise<void> {
  const { session, plan, budget, host, recover } = phase
  const { backend, recipe, model, folder, signal, pausePoint } = session
  const looksAtData = recover.length > 0 || lookAtData(plan.entries)
  const stream = createModelStream(backend, model)
  let begun = session.log.elapsed()
  try {
    const walk = walkBlocks({
      backend,
      host,
      stream,
      entries: plan.entries,
      given: await masksBesides(session, plan),
      calibration: looksAtData ? phase.calibration : null,
      recover,
      seed: recipe.seed,
      activations: { bytes: budget.activationBytes, spillFolder: folder.state },
      finished: { blocks: phase.finishedBlocks, load: (index) => savedBlock(phase, index) },
      signal,
      pausePoint,
      // Where blocks are trained, the steps tell better how far the run is.
      onProgress: (done, total) => (recover.length ? undefined : session.advance(done, total, 'windows')),
      onWarning: session.warn,
    })
    for await (const work of walk) {
      await saveBlock(phase, work)
      await phase.onBlock(resultOf(work, (session.log.elapsed() - begun) / 1000))
      begun = session.log.elapsed()
    }
  } finally {
    stream.close()
  }
}

/** The plan's entries; where their sparsities depend on the dense model, it is looked at first, also by a resumed run. */
export async function allocateInRun(
  session: RunSession,
  { entries, allocations }: RunPlan,
  budget: Budget,
  calibration: CalibrationSet | null,
): Promise<readonly PruneEntry[]> {
  if (allocations.length === 0 || !calibration) return entries
  const { backend, model, signal } = session
  const stream = createModelStream(backend, model)
  const total = stream.blockCount * calibration.windows
  let done = 0
  const onWindows = (windows: number) => session.advance((done += windows), total, 'windows')
  const memory = { bytes: budget.activationBytes, spillFolder: session.folder.state }
  const flow = { backend, stream, set: calibration, budget: memory, signal, onWindows }
  try {
    return await session.phase('calibrate', () => allocate(flow, entries, allocations))
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

/** A block as it was saved. */
async function savedBlock({ session, stage }: BlocksPhase, index: number): Promise<Block> {
  const overlay = overlayCheckpoint(session.source, await openParts(session.folder.state, stage, [index]))
  try {
    return await loadBlock(session.backend, openModel(overlay), index, { as: 'f32' })
  } finally {
    await overlay.close()
  }
}

/** Saves what pruning and training changed of the block, masks checked in the bytes that are saved. */
async function saveBlock({ session, plan, stage, recover }: BlocksPhase, work: BlockWork): Promise<void> {
  const { backend, model, folder } = session
  const { block, masks } = work
  const trained = new Set(recover.length ? plan.trainable?.direct.map(({ name }) => name) : [])
  const adapted = new Set(recover.length ? plan.trainable?.adapted.map(({ name }) => `${name}.weight`) : [])
  const tensors: StateTensor[] = []
  for (const [name, tensor] of block.params) {
    const learnt = trained.has(name) || adapted.has(name)
    if (!learnt && !masks.has(moduleOfWeight(name))) continue
    tensors.push(await storeParameter(backend, model, name, tensor, masks, learnt ? 'training' : 'pruning'))
  }
  await savePart(folder.state, stage, block.index, tensors, masks, session.room.forState)
}

function resultOf({ block, masks, recovered }: BlockWork, seconds: number): BlockResult {
  const modules: BlockResult['modules'] = {}
  for (const { name, weight } of block.linears) {
    const mask = masks.get(name)
    const zeros = mask ? zerosOf(mask) : 0
    modules[name] = { size: weight.length, zeros, sparsity: zeros / weight.length }
  }
  const did = recovered.filter((one) => one !== null)
  const [first, last] = [did.at(0), did.at(-1)]
  const errors = first && last && { error_before: first.errorBefore, error_after: last.errorAfter }
  return { block: block.index, modules, ...errors, seconds }
}
