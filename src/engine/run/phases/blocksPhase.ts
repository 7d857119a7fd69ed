// Passes over the blocks: the one that prunes, the one that makes a model that is only pruned, and those that recover later. Each block is
// saved when it is finished.
import { moduleOfWeight } from '../../../catalog/families/parameters.ts'
import { loadBlock, type Block } from '../../model/block.ts'
import { productForm } from '../../model/computeIn.ts'
import { openModel } from '../../model/model.ts'
import { type PruneHost, withPruneHost } from '../../prune/host.ts'
import { zerosOf } from '../../prune/mask.ts'
import { lookAtData, prunedNames, type PruneEntry } from '../../../plan/pruneEntry.ts'
import { processBlocks, type BlockWork } from '../../blocks/processBlocks.ts'
import { openParts, removeParts, savePart, type StoredStage } from '../state/blockStore.ts'
import type { Budget } from '../../../plan/memory.ts'
import { createModelStream } from '../../blocks/modelStream.ts'
import { blockParts, masksOfStage, overlayCheckpoint, withStateModel } from '../state/stateModel.ts'
import type { BlockResult } from '../state/progress.ts'
import { changedNames } from '../../../plan/trainable.ts'
import type { PlannedRecovery } from '../../../plan/runPlan.ts'
import type { Checkpoint } from '../../checkpoint/checkpoint.ts'
import type { StoredMasks } from '../../checkpoint/storedMask.ts'
import { masksBesides } from '../open/sourceMasks.ts'
import { type AppliedRecovery, withApplied } from './appliedRecoveries.ts'
import { evaluateStage, isDue } from './evaluateStage.ts'
import { type RunContext, statesIn, withRunModel } from './runContext.ts'
import { numberOf, recordMoves } from './trainingSteps.ts'
import { storedParameter } from '../state/storedBlock.ts'
import type { StateTensor } from '../state/tensorFile.ts'

/** Prunes block by block. If the recipe's first recoveries work block by block too, they are applied in the same pass. */
export async function pruneBlocks(context: RunContext): Promise<void> {
  const { session } = context
  const { progress, model, plan } = session
  const { whilePruning: recoveries } = plan.passes
  if (progress.finishedBlocks === model.config.numBlocks) return
  const entries = await context.entries()
  const measure = () => evaluateBetween(context, recoveries, progress.finishedBlocks, 'pruned')
  const onBlock = (result: BlockResult) => {
    progress.finishedBlocks = result.block + 1
    return keepResult(context, result, measure)
  }
  await measure()
  const first = recoveries.at(0)
  const { finishedBlocks } = progress
  const pass = { stage: 'pruned', entries, base: null, recoveries, finishedBlocks, onBlock } as const
  const options = { timedAs: 'prune', part: 'prune', ...(first && numberOf(session, first)) } as const
  await session.phase(first?.settings.mode ?? 'prune', () => runPass(context, pass), options)
  if (!progress.reordered && session.recipe.prune.some(({ reorder }) => reorder))
    session.warn(
      "reorder changed nothing: prune an MLP's last matrix or attention's output projection with it; M of the pattern must divide the MLP's width or a head, and the matrices before must not be fused",
    )
}

/**
 * Makes and measures the pruned model of a run that recovers each block as soon as it is pruned: a pass of its own. `use` gets the
 * model, which is then removed.
 */
export async function pruneOnly(
  context: RunContext,
  use?: (model: Checkpoint, masks: StoredMasks) => Promise<void>,
): Promise<void> {
  const { session } = context
  const { folder, model, plan } = session
  const entries = await context.entries()
  const budget = context.budgetOf(plan.passes.whilePruning)
  const saved = { stage: 'baseline', parts: blockParts(model.config.numBlocks) } as const
  const onBlock = async () => undefined
  const pass = { stage: saved.stage, entries, base: null, recoveries: [], budget, finishedBlocks: 0, onBlock }
  await session.phase('prune', () => runPass(context, pass), { part: 'baseline' })
  await withStateModel(session, [saved], false, async (pruned) => {
    await evaluateStage(context, 'pruned', pruned, budget.decoderBytes)
    await use?.(pruned, await masksOfStage(session, saved))
  })
  await removeParts(folder.state, saved.stage, saved.parts)
  await session.milestone()
}

/** Recovers the blocks of the pruned, and perhaps retrained, model. */
export async function recoverBlocks(
  context: RunContext,
  masks: StoredMasks,
  recoveries: readonly PlannedRecovery[],
  stage: StoredStage,
): Promise<void> {
  const { progress, plan } = context.session
  const measure = () => evaluateBetween(context, recoveries, progress.walkedBlocks, stage)
  const onBlock = (result: BlockResult) => {
    progress.walkedBlocks = result.block + 1
    return keepResult(context, result, measure)
  }
  await measure()
  const pass = { stage, entries: plan.entries, recoveries, finishedBlocks: progress.walkedBlocks, onBlock }
  await withRunModel(context, (checkpoint) => runPass(context, { ...pass, base: { checkpoint, masks } }))
}

async function keepResult({ session }: RunContext, result: BlockResult, then: () => Promise<void>): Promise<void> {
  session.progress.blocks.push(result)
  session.log.emit({ type: 'block', ...result })
  await session.milestone()
  await then()
}

/** Measures between two blocks where that is due, also in a resumed run that was killed before the measurement. */
async function evaluateBetween(
  context: RunContext,
  recoveries: readonly PlannedRecovery[],
  done: number,
  stage: StoredStage,
): Promise<void> {
  const { session } = context
  const { recipe, model } = session
  const last = recoveries.at(-1)
  const between = last && done > 0 && done < model.config.numBlocks
  if (!between || !recipe.evaluate.some((e) => isDue(e, done))) return
  const more = stage === 'pruned' ? [] : [{ stage, parts: blockParts(done) }]
  const { decoderBytes } = context.budgetOf(recoveries)
  const at = { step: done, ...numberOf(session, last) }
  // A block and the calibration activations are in memory too.
  await withRunModel(
    context,
    (checkpoint) => evaluateStage(context, 'recovered', checkpoint, decoderBytes / 2, at),
    more,
  )
  await session.milestone()
}

interface Pass {
  /** Stage under which the blocks are saved. */
  readonly stage: StoredStage
  readonly entries: readonly PruneEntry[]
  /** The model so far, already pruned by `entries`, and its masks. null: the source, which is pruned now. */
  readonly base: { readonly checkpoint: Checkpoint; readonly masks: StoredMasks } | null
  /** Recoveries of each block after pruning. */
  readonly recoveries: readonly PlannedRecovery[]
  /** Default: that of the recoveries. */
  readonly budget?: Budget
  /** Blocks that are saved already. */
  readonly finishedBlocks: number
  /** After a block is saved. */
  readonly onBlock: (result: BlockResult) => Promise<void>
}

async function runPass(context: RunContext, pass: Pass): Promise<void> {
  const { session } = context
  const { base, recoveries } = pass
  const { backend, model } = session
  const as = productForm(backend)
  const stream = createModelStream(backend, model, as)
  const pruned = base ? createModelStream(backend, openModel(base.checkpoint), as) : undefined
  const walk = async (host: PruneHost, applied: readonly AppliedRecovery[]) => {
    let begun = session.log.elapsed()
    const given = base ? base.masks : await masksBesides(model, prunedNames(pass.entries), session.warn)
    for await (const work of processBlocks({ ...optionsOf(context, pass, applied), host, stream, pruned, given })) {
      await saveBlock(context, pass, work)
      for (const [i, one] of work.recovered.entries())
        if (one?.moved) recordMoves(session, recoveries[i], work.block.index, one.moved)
      await pass.onBlock(resultOf(context, pass, work, (session.log.elapsed() - begun) / 1000))
      begun = session.log.elapsed()
    }
  }
  try {
    await withPruneHost(backend, (host) => withApplied(context, recoveries, host, (applied) => walk(host, applied)))
  } finally {
    stream.close()
    pruned?.close()
  }
}

function optionsOf(context: RunContext, pass: Pass, applied: readonly AppliedRecovery[]) {
  const { session, data } = context
  const { backend, recipe, folder, signal, pausePoint } = session
  const { entries, stage, recoveries, finishedBlocks, budget = context.budgetOf(recoveries) } = pass
  return {
    backend,
    entries,
    calibration: recoveries.length > 0 || lookAtData(entries) ? data.calibration : null,
    recover: applied.map(({ apply }) => apply),
    seed: recipe.seed,
    certifies: stage !== 'baseline',
    activations: statesIn(budget, folder.state),
    statisticBytes: budget.statisticBytes,
    finished: { blocks: finishedBlocks, load: (index: number) => savedBlock(context, pass, index) },
    signal,
    pausePoint,
    // Where blocks are trained, the steps show the progress better.
    onProgress: (done: number, total: number) =>
      recoveries.length > 0 ? undefined : session.advance(done, total, 'windows'),
    onWarning: session.warn,
  }
}

/** A block as it was saved. */
async function savedBlock({ session }: RunContext, { base, stage }: Pass, index: number): Promise<Block> {
  const under = base?.checkpoint ?? session.source
  const overlay = overlayCheckpoint(under, await openParts(session.folder.state, stage, [index]))
  try {
    return await loadBlock(session.backend, openModel(overlay), index, { as: productForm(session.backend) })
  } finally {
    await overlay.close()
  }
}

/** Saves what pruning and training changed of the block, masks checked in the bytes that are saved. */
async function saveBlock(
  { session }: RunContext,
  { entries, base, stage, recoveries }: Pass,
  { block, masks, reordered }: BlockWork,
): Promise<void> {
  const { backend, model, folder, progress } = session
  const sets = recoveries.flatMap(({ trainable }) => trainable ?? [])
  const trained = new Set(sets.flatMap(changedNames))
  const solves = recoveries.some(({ trainable }) => trainable === null)
  const solved = solves ? prunedNames(entries) : new Set<string>()
  const tensors: StateTensor[] = []
  for (const [name, tensor] of block.params) {
    const learnt = trained.has(name)
    const linear = moduleOfWeight(name)
    if (!learnt && !reordered.has(name) && !(base ? solved : masks).has(linear)) continue
    tensors.push(storedParameter(backend, model, name, tensor, masks, learnt ? 'training' : 'pruning'))
  }
  progress.reordered ||= reordered.size > 0
  await savePart(folder.state, stage, block.index, tensors, masks)
}

function resultOf(
  { session }: RunContext,
  { recoveries }: Pass,
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
    one ? [{ recovery: recoveries[i].index, error_before: one.errorBefore, error_after: one.errorAfter }] : [],
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
