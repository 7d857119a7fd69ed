// The phases of a run in their order, each skipped when an earlier session has finished it.
import { availableParallelism } from 'node:os'
import type { BlockRecovery } from '../../blocks/walkBlocks.ts'
import { openModel } from '../../model/model.ts'
import { withPruneHost, type PruneHost } from '../../prune/host.ts'
import type { Mask } from '../../prune/mask.ts'
import { removeParts } from '../state/blockStore.ts'
import { dueEntries, evaluateStage, evaluateTraining, isDue, warnOfWorse } from './evaluateStage.ts'
import { shareMemory, type Budget, type MemoryLimits } from '../../../shared/plan/memory.ts'
import { allocateInRun, runBlocksPhase, type BlocksPhase } from './blocksPhase.ts'
import type { BlockResult } from '../state/progress.ts'
import { reconstruction } from './reconstruction.ts'
import { refitting } from './refitting.ts'
import { runRetrainPhase } from './retrainPhase.ts'
import { plannedWork } from './plannedWork.ts'
import { claimOutput } from '../open/outputClaim.ts'
import { readData, type RunData } from '../open/runData.ts'
import type { RunPlan } from '../../../shared/plan/runPlan.ts'
import { saveResult } from './savePhase.ts'
import type { RunSession } from '../state/session.ts'
import { maskFileOf, masksOfPrunedModel, sparsityOfModel } from '../open/sourceMasks.ts'
import { startMatricesOf, type StartMatrices } from '../open/startMatricesOf.ts'
import { blockParts, masksOfStage, withStateModel, type SavedStage } from '../state/stateModel.ts'

interface Context {
  readonly session: RunSession
  readonly plan: RunPlan
  readonly data: RunData
  readonly budget: Budget
  readonly starts: StartMatrices
}

/** Runs what is left to do; returns the share of zeros among the weights of the block linears. */
export async function runPhases(
  session: RunSession,
  plan: RunPlan,
  version: string,
): Promise<{ sparsity: number | null }> {
  const { source, recipe } = session
  const data = await readData(session, plan)
  await claimOutput(session, plan)
  session.expect(await plannedWork(session, data))
  const budget = shareMemory(memoryLimits(session), plan.sizes)
  const starts = await startMatricesOf(recipe)
  const context = { session, plan, data, budget, starts }
  try {
    await evaluateStage(session, data, 'dense', source, budget.decoderBytes)
    if (plan.entries.length > 0) await prune(context)
    const masks = await masksOf(context)
    const measuresPruned = !plan.blockwise
    if (measuresPruned)
      await withStateModel(session, prunedStages(context), false, (model) =>
        evaluateStage(session, data, 'pruned', model, budget.decoderBytes),
      )
    if (plan.retrains && !session.progress.merged) await retrain(context, masks)
    await finish(context, masks, version)
    return { sparsity: sparsityOfModel(session.model, masks) }
  } finally {
    await starts.close()
  }
}

function memoryLimits({ memoryBytes, backend }: RunSession): MemoryLimits {
  return { memoryBytes, limitBytes: backend.memory().limitBytes, threads: availableParallelism() }
}

/** What pruning has saved so far. */
function prunedStages({ plan, session }: Pick<Context, 'plan' | 'session'>): SavedStage[] {
  return plan.entries.length > 0 ? [{ stage: 'pruned', parts: blockParts(session.progress.finishedBlocks) }] : []
}

async function prune(context: Context): Promise<void> {
  const { session, plan, data, budget } = context
  const { backend, progress, model } = session
  const { numBlocks } = model.config
  if (progress.finishedBlocks === numBlocks) return
  await withPruneHost(backend, async (host) => {
    const allocated = { ...plan, entries: await allocateInRun(session, plan, budget, data.calibration) }
    const shared = { session, plan: allocated, budget, host, calibration: data.calibration }
    if (plan.blockwise) await measureBaseline(context, shared)
    await evaluateBlocks(context)
    const pass = () =>
      runBlocksPhase({
        ...shared,
        stage: 'pruned',
        finishedBlocks: progress.finishedBlocks,
        recover: blockRecoveries(context, host),
        onBlock: (result) => blockDone(context, result),
      })
    await session.phase(plan.blockwise ? 'reconstruct' : 'prune', pass, { timedAs: 'prune', part: 'prune' })
  })
}

/** The recoveries that work block by block, in the recipe's order. */
function blockRecoveries({ session, plan, budget, starts }: Context, host: PruneHost): BlockRecovery[] {
  const { recover } = session.recipe
  if (recover && plan.refits) return [refitting(session, plan, recover, host)]
  if (!recover || !plan.reconstructs || !plan.trainable) return []
  return [reconstruction(session, recover, plan.trainable, budget, starts)]
}

async function blockDone(context: Context, result: BlockResult): Promise<void> {
  const { session } = context
  const { progress, log } = session
  progress.blocks.push(result)
  progress.finishedBlocks = result.block + 1
  log.emit({ type: 'block', ...result })
  await session.milestone()
  await evaluateBlocks(context)
}

/** The measurement between two blocks where one is due, also by a resumed run that was killed before it. */
async function evaluateBlocks(context: Context): Promise<void> {
  const { session, data, budget, plan } = context
  const { recipe, progress, model } = session
  const done = progress.finishedBlocks
  const between = plan.blockwise && done > 0 && done < model.config.numBlocks
  if (!between || !recipe.evaluate.some((e) => isDue(e, done))) return
  await withStateModel(session, prunedStages(context), false, (pruned) =>
    // A block and the calibration activations are in memory too.
    evaluateStage(session, data, 'recovered', pruned, budget.decoderBytes / 2, done),
  )
  await session.milestone()
}

/** The pruned-only model of a run that reconstructs never exists otherwise: a pass of its own, when it is asked for. */
async function measureBaseline(
  { session, data, budget }: Context,
  shared: Pick<BlocksPhase, 'session' | 'plan' | 'budget' | 'host' | 'calibration'>,
): Promise<void> {
  const { folder, model } = session
  if (dueEntries(session, 'pruned').length === 0) return
  const parts = blockParts(model.config.numBlocks)
  const pass = { stage: 'baseline', finishedBlocks: 0, recover: [], onBlock: async () => undefined } as const
  await session.phase('prune', () => runBlocksPhase({ ...shared, ...pass }), { part: 'baseline' })
  await withStateModel(session, [{ stage: 'baseline', parts }], false, (pruned) =>
    evaluateStage(session, data, 'pruned', pruned, budget.decoderBytes),
  )
  await removeParts(folder.state, 'baseline', parts)
  await session.milestone()
}

async function masksOf(context: Context): Promise<Map<string, Mask>> {
  const { session, plan } = context
  const [stage] = prunedStages(context)
  if (stage) return masksOfStage(session, stage)
  const { model } = session
  return plan.trainable ? masksOfPrunedModel(model, session.warn) : ((await maskFileOf(model)) ?? new Map())
}

async function retrain(context: Context, masks: ReadonlyMap<string, Mask>): Promise<void> {
  const { session, plan, data, budget, starts } = context
  const { training } = data
  if (!plan.trainable || !training) return
  const set = plan.trainable
  const train = () =>
    withStateModel(session, prunedStages(context), false, (base) =>
      runRetrainPhase({
        session,
        base: openModel(base),
        masks,
        set,
        budget,
        starts,
        windows: training,
        isEvaluationDue: (step) => session.recipe.evaluate.some((e) => isDue(e, step)),
        evaluate: (decoder, { adapterOf }, step) => evaluateTraining(session, data, decoder, adapterOf, step),
      }),
    )
  await session.phase('retrain', train, { part: 'retrain' })
  session.progress.merged = true
  await session.milestone()
}

/** Measures the finished model and saves it. */
async function finish(context: Context, masks: ReadonlyMap<string, Mask>, version: string): Promise<void> {
  const { session, plan, data, budget } = context
  const { config } = session.model
  const trained: SavedStage = { stage: 'trained', parts: [...blockParts(config.numBlocks), 'ends'] }
  const stages = [...prunedStages(context), ...(plan.retrains ? [trained] : [])]
  const untied = plan.untiesHead
  await withStateModel(session, stages, untied, async (result) => {
    if (session.recipe.recover) await evaluateStage(session, data, 'recovered', result, budget.decoderBytes)
    warnOfWorse(session)
    await session.milestone()
    if (session.recipe.save && session.progress.saved === null)
      await session.phase('save', () => saveResult(session, { result, masks, untied, version }), { part: 'save' })
  })
}
