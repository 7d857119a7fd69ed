// The steps of a run in their order, each skipped when an earlier session has finished it.
import type { StoredMasks } from '../../checkpoint/storedMask.ts'
import { evaluateStage, warnOfWorse } from './evaluateStage.ts'
import { allocateInRun } from './allocatePhase.ts'
import { runAdapterPhase } from './adapterPhase.ts'
import { pruneBlocks, pruneOnly, recoverBlocks } from './blocksPhase.ts'
import { claimOutput } from '../open/outputClaim.ts'
import { readData, type RunData } from '../open/runData.ts'
import { outputsOf } from '../../../plan/outputs.ts'
import type { Checkpoint } from '../../checkpoint/checkpoint.ts'
import { goOnWithLess, goOnWithNewDevice } from './goOnFromSaved.ts'
import { createContext, prunedStages, type RunContext, withRunModel } from './runContext.ts'
import { runRetrainPhase } from './retrainPhase.ts'
import { saveGguf, saveOutput } from './savePhase.ts'
import { numberOf } from './trainingSteps.ts'
import { passStage } from '../state/blockStore.ts'
import type { RecoveryPass } from '../../../plan/passes.ts'
import type { PlannedRecovery } from '../../../plan/runPlan.ts'
import type { RunSession } from '../state/session.ts'
import { measureOnce } from './sharedEvaluation.ts'
import { pruneOnce, pruningKey } from './sharedPruning.ts'
import { masksBesides, ownMasksOf, sparsityOfModel, summaryOf } from '../open/sourceMasks.ts'
import { masksOfStage, withStateModel } from '../state/stateModel.ts'
import { type PlannedPart, plannedParts } from '../../../plan/time.ts'
import { viewModel } from '../../../plan/modelView.ts'

/** Runs what is left to do; returns the share of zeros among the weights of the block linears. */
export async function runPhases(session: RunSession): Promise<number | null> {
  const data = await readData(session)
  await claimOutput(session)
  session.expect(await plannedWork(session, data))
  const left = () => phasesLeft(createContext(session, data, allocateInRun))
  return goOnWithNewDevice(session, () => goOnWithLess(session, left))
}

async function phasesLeft(context: RunContext): Promise<number | null> {
  const { session } = context
  const { plan, progress, model } = session
  // If the first recoveries change each block as soon as it is pruned, a separate pass makes the pruned model.
  const apart = plan.passes.whilePruning.length > 0
  await measureDense(context, false)
  if (apart && progress.finishedBlocks < model.config.numBlocks) await givePruned(context)
  if (plan.entries.length > 0) await pruneOnce(session, () => pruneBlocks(context))
  const masks = await masksOf(context)
  if (!apart) await givePruned(context, masks)
  for (const [number, pass] of plan.passes.later.entries())
    if (number >= progress.recoveredPasses) await recoverPass(context, masks, number, pass)
  await measureDense(context, true)
  await measurePruned(context, true)
  return finish(context, masks)
}

/** `last`: nothing else is left to do, so this waits for another run of the sweep that is measuring. */
function measureDense(context: RunContext, last: boolean): Promise<void> {
  const { session } = context
  const measure = () => evaluateStage(context, 'dense', session.source, decoderBytesOf(context))
  return measureOnce(session, { stage: 'dense', after: null, last, measure })
}

function measurePruned(context: RunContext, last: boolean): Promise<void> {
  const { session } = context
  const { plan } = session
  const inState = () => withPruned(context, (model) => evaluateStage(context, 'pruned', model, decoderBytesOf(context)))
  const measure = plan.passes.whilePruning.length > 0 ? () => pruneOnly(context) : inState
  const after = plan.entries.length > 0 ? pruningKey(session) : null
  return measureOnce(session, { stage: 'pruned', after, last, measure })
}

/** Measures the pruned model, and saves it if the recipe says so. Without `masks`, a separate pass makes it first. */
async function givePruned(context: RunContext, masks?: StoredMasks): Promise<void> {
  const { session } = context
  const output = outputsOf(session.recipe).find(({ kind }) => kind === 'pruned')
  const save = async (result: Checkpoint, own: StoredMasks) =>
    output && saveOutput(session, { output, result, masks: own, summary: await summaryOf(own) })
  if (!masks && output && session.progress.pruned.saved === null) return pruneOnly(context, save)
  await measurePruned(context, false)
  if (masks && output) await withPruned(context, (model) => save(model, masks))
}

const withPruned = (context: RunContext, body: (model: Checkpoint) => Promise<void>): Promise<void> =>
  withStateModel(context.session, prunedStages(context), false, body)

const decoderBytesOf = (context: RunContext): number => context.budgetOf(context.session.plan.recoveries).decoderBytes

/** Does the rest of the `number`-th pass after pruning: over the blocks, or of the whole model. */
async function recoverPass(
  context: RunContext,
  masks: StoredMasks,
  number: number,
  { blockwise, recoveries }: RecoveryPass<PlannedRecovery>,
): Promise<void> {
  const { session } = context
  const { progress } = session
  const [first] = recoveries
  const { mode } = first.settings
  const stage = passStage(number)
  const body = () => {
    if (blockwise) return recoverBlocks(context, masks, recoveries, stage)
    return (mode === 'merge' ? runAdapterPhase : runRetrainPhase)(context, masks, first, stage)
  }
  await session.phase(mode, body, { part: `recover ${number}`, ...numberOf(session, first) })
  progress.recoveredPasses = number + 1
  progress.walkedBlocks = 0
  progress.trainedSteps = 0
  progress.losses = []
  await session.milestone()
}

async function masksOf(context: RunContext): Promise<StoredMasks> {
  const { session } = context
  const [stage] = prunedStages(context)
  if (stage) return masksOfStage(session, stage)
  const { model, plan } = session
  return plan.recoveries.length > 0
    ? masksBesides(model, new Set(), session.warn)
    : ((await ownMasksOf(model)) ?? new Map())
}

/** Measures the finished model and saves it; returns its sparsity. */
async function finish(context: RunContext, masks: StoredMasks): Promise<number | null> {
  const { session } = context
  const { recipe, model } = session
  const summary = await summaryOf(masks)
  const outputs = outputsOf(recipe)
  await withRunModel(context, async (result) => {
    if (recipe.recover.length > 0) await evaluateStage(context, 'recovered', result, decoderBytesOf(context))
    warnOfWorse(session)
    await session.milestone()
    for (const output of outputs)
      if (output.kind === 'result') await saveOutput(session, { output, result, masks, summary })
  })
  for (const output of outputs) if (output.kind === 'gguf') await saveGguf(session, output)
  return sparsityOfModel(model, summary.counts)
}

/** The parts of a run's work, each with its estimated time. */
async function plannedWork(
  { recipe, model, source, backend }: Pick<RunSession, 'recipe' | 'model' | 'source' | 'backend'>,
  data: RunData,
): Promise<PlannedPart[]> {
  const tokens = new Map<object, number>()
  for (const evaluation of recipe.evaluate) tokens.set(evaluation, (await data.evaluation(evaluation)).tokens)
  const { details } = backend.info
  const machine = {
    gpu: !backend.traits.inHostMemory,
    threads: typeof details.threads === 'number' ? details.threads : 1,
    bf16: backend.precision === 'bf16',
  }
  const { modules } = viewModel(model.config)
  const planned = { modelConfig: model.config, modules, tensors: source.tensors }
  return plannedParts(recipe, planned, machine, (evaluation) => tokens.get(evaluation) ?? 0)
}
