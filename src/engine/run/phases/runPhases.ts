// The phases of a run in their order, each skipped when an earlier session has finished it.
import { withPruneHost } from '../../prune/host.ts'
import type { StoredMasks } from '../../checkpoint/storedMask.ts'
import { removeParts } from '../state/blockStore.ts'
import { evaluateStage, warnOfWorse } from './evaluateStage.ts'
import { withApplied } from './appliedRecoveries.ts'
import { allocateInRun } from './allocatePhase.ts'
import { runBlocksPhase } from './blocksPhase.ts'
import type { BlockResult } from '../state/progress.ts'
import { claimOutput } from '../open/outputClaim.ts'
import { type EvaluationData, readData, type RunData } from '../open/runData.ts'
import { type Output, outputsOf } from '../../../plan/outputs.ts'
import type { Checkpoint } from '../../checkpoint/checkpoint.ts'
import type { PruneEntry } from '../../../plan/pruneEntries.ts'
import type { RunPlan } from '../../../plan/runPlan.ts'
import { goOnWithLess, goOnWithNewDevice } from './goOnFromSaved.ts'
import { evaluateBlocks, recoverPass } from './recoverPass.ts'
import { createContext, prunedStages, type RunContext, withRunModel } from './runContext.ts'
import { type Result, saveGguf, saveOutput } from './savePhase.ts'
import type { RunSession } from '../state/session.ts'
import { measureOnce } from './sharedEvaluation.ts'
import { pruneOnce, pruningKey } from './sharedPruning.ts'
import { numberOf } from './trainingSteps.ts'
import { masksOfPrunedModel, ownMasksOf, sparsityOfModel, summaryOf } from '../open/sourceMasks.ts'
import { blockParts, masksOfStage, withStateModel } from '../state/stateModel.ts'
import { type PlannedPart, plannedParts } from '../../../plan/time.ts'
import { writingTokens } from '../../../plan/textTokens.ts'
import { describeModel } from '../../../recipe/describeModel.ts'

/** Runs what is left to do; returns the share of zeros among the weights of the block linears. */
export async function runPhases(
  session: RunSession,
  plan: RunPlan,
  version: string,
): Promise<{ sparsity: number | null }> {
  const data = await readData(session, plan)
  await claimOutput(session, plan)
  session.expect(await plannedWork(session, data))
  const left = () => phasesLeft(createContext(session, plan, data), version)
  return goOnWithNewDevice(session, () => goOnWithLess(session, left))
}

async function phasesLeft(context: RunContext, version: string): Promise<{ sparsity: number | null }> {
  const { session, plan, data } = context
  const { progress } = session
  const { decoderBytes } = context.budgetOf(plan.recoveries)
  const measureDense = () => evaluateStage(session, data, 'dense', session.source, decoderBytes)
  await measureOnce(session, { stage: 'dense', after: null, last: false, measure: measureDense })
  const entries = allocatedOnce(context)
  const measurePruned = measureOfPruned(context, entries, decoderBytes)
  const pruned = outputsOf(session.recipe).find(({ kind }) => kind === 'pruned')
  const baseline = plan.passes.whilePruning.length > 0
  if (baseline && progress.finishedBlocks < session.model.config.numBlocks)
    await (pruned && progress.pruned.saved === null
      ? prunedOnly(context, entries, (model, masks) => savePruned(context, { output: pruned, model, masks, version }))
      : measurePruned(false))
  if (plan.entries.length > 0) await pruneOnce(session, () => prune(context, entries))
  const masks = await masksOf(context)
  if (!baseline) await measurePruned(false)
  if (!baseline && pruned)
    await withStateModel(session, prunedStages(context), false, (model) =>
      savePruned(context, { output: pruned, model, masks, version }),
    )
  for (const [number, pass] of plan.passes.later.entries())
    if (number >= progress.recoveredPasses) await recoverPass(context, masks, number, pass)
  await measureOnce(session, { stage: 'dense', after: null, last: true, measure: measureDense })
  await measurePruned(true)
  const summary = await summaryOf(masks)
  await finish(context, { masks, summary, version })
  return { sparsity: sparsityOfModel(session.model, summary.counts) }
}

type Entries = () => Promise<readonly PruneEntry[]>

/** Entries with their sparsities; where the run decides these, it does so once. */
function allocatedOnce(context: RunContext): Entries {
  let entries: ReturnType<Entries> | null = null
  return () => (entries ??= allocateInRun(context))
}

function measureOfPruned(context: RunContext, entries: Entries, decoderBytes: number) {
  const { session, plan, data } = context
  const saved = () =>
    withStateModel(session, prunedStages(context), false, (model) =>
      evaluateStage(session, data, 'pruned', model, decoderBytes),
    )
  const measure = plan.passes.whilePruning.length > 0 ? () => prunedOnly(context, entries) : saved
  const after = plan.entries.length > 0 ? pruningKey(session) : null
  return (last: boolean) => measureOnce(session, { stage: 'pruned', after, last, measure })
}

/** Prunes block after block, and recovers each where the recipe's first recoveries work so. */
async function prune(context: RunContext, entries: Entries): Promise<void> {
  const { session, plan, data } = context
  const { backend, progress, model } = session
  const { whilePruning } = plan.passes
  if (progress.finishedBlocks === model.config.numBlocks) return
  const budget = context.budgetOf(whilePruning)
  await withPruneHost(backend, async (host) => {
    const allocated = await entries()
    await evaluateBlocks(context, whilePruning, progress.finishedBlocks, 'pruned')
    const walk = () =>
      withApplied(context, whilePruning, host, (recoveries) =>
        runBlocksPhase({
          session,
          entries: allocated,
          base: null,
          budget,
          host,
          calibration: data.calibration,
          stage: 'pruned',
          finishedBlocks: progress.finishedBlocks,
          recoveries,
          onBlock: (result) => blockDone(context, result),
        }),
      )
    const first = whilePruning.at(0)
    const number = first && numberOf(session, first)
    await session.phase(first?.settings.mode ?? 'prune', walk, { timedAs: 'prune', part: 'prune', ...number })
  })
}

async function blockDone(context: RunContext, result: BlockResult): Promise<void> {
  const { session, plan } = context
  const { progress, log } = session
  progress.blocks.push(result)
  progress.finishedBlocks = result.block + 1
  log.emit({ type: 'block', ...result })
  await session.milestone()
  await evaluateBlocks(context, plan.passes.whilePruning, progress.finishedBlocks, 'pruned')
}

/** The pruned-only model of a run that reconstructs, made by a pass of its own on request. `save`: it is saved, not only measured. */
async function prunedOnly(
  context: RunContext,
  entries: Entries,
  save?: (model: Checkpoint, masks: StoredMasks) => Promise<void>,
): Promise<void> {
  const { session, data, plan } = context
  const { folder, model, backend } = session
  const { calibration } = data
  const parts = blockParts(model.config.numBlocks)
  const budget = context.budgetOf(plan.passes.whilePruning)
  const pass = { stage: 'baseline', finishedBlocks: 0, recoveries: [], onBlock: async () => undefined } as const
  const allocated = await entries()
  const walk = () =>
    withPruneHost(backend, (host) =>
      runBlocksPhase({ session, entries: allocated, base: null, budget, host, calibration, ...pass }),
    )
  await session.phase('prune', walk, { part: 'baseline' })
  const saved = { stage: 'baseline', parts } as const
  await withStateModel(session, [saved], false, async (pruned) => {
    await evaluateStage(session, data, 'pruned', pruned, budget.decoderBytes)
    await save?.(pruned, await masksOfStage(session, saved))
  })
  await removeParts(folder.state, 'baseline', parts)
  await session.milestone()
}

interface PrunedModel {
  readonly output: Output
  readonly model: Checkpoint
  readonly masks: StoredMasks
  readonly version: string
}

async function savePruned({ session }: RunContext, { model, ...given }: PrunedModel): Promise<void> {
  const summary = await summaryOf(given.masks)
  await saveOutput(session, { ...given, result: model, summary, untied: false, recoveries: [] })
}

async function masksOf(context: RunContext): Promise<StoredMasks> {
  const { session, plan } = context
  const [stage] = prunedStages(context)
  if (stage) return masksOfStage(session, stage)
  const { model } = session
  return plan.recoveries.length > 0 ? masksOfPrunedModel(model, session.warn) : ((await ownMasksOf(model)) ?? new Map())
}

/** Measures the finished model and saves it. */
async function finish(context: RunContext, known: Pick<Result, 'masks' | 'summary' | 'version'>): Promise<void> {
  const { session, plan, data } = context
  const { recipe } = session
  const untied = plan.untiesHead
  await withRunModel(context, async (result) => {
    const { decoderBytes } = context.budgetOf(plan.recoveries)
    if (recipe.recover.length > 0) await evaluateStage(session, data, 'recovered', result, decoderBytes)
    warnOfWorse(session)
    await session.milestone()
    for (const output of outputsOf(recipe))
      if (output.kind === 'result')
        await saveOutput(session, { ...known, output, result, untied, recoveries: plan.recoveries })
  })
  for (const output of outputsOf(recipe)) if (output.kind === 'gguf') await saveGguf(session, output)
}

// The work of a run before it is done: its parts with the time that each is planned to take.
export async function plannedWork(
  { recipe, source, backend }: Pick<RunSession, 'recipe' | 'source' | 'backend'>,
  data: RunData,
): Promise<PlannedPart[]> {
  const model = describeModel({
    tensors: source.tensors,
    config: source.config,
    problems: [],
    tokenizer: { present: false, largestId: null },
    masked: false,
    sparsities: null,
  })
  const tokens = new Map<object, number>()
  for (const evaluation of recipe.evaluate) {
    const read = await data.evaluation(evaluation)
    tokens.set(evaluation, tokensIn(read))
  }
  const { details } = backend.info
  const machine = {
    gpu: !backend.traits.inHostMemory,
    threads: typeof details.threads === 'number' ? details.threads : 1,
    bf16: backend.precision === 'bf16',
  }
  return plannedParts(recipe, model, machine, (evaluation) => tokens.get(evaluation) ?? 0)
}

/** Tokens of a pass over it, in time. */
function tokensIn(read: EvaluationData): number {
  switch (read.kind) {
    case 'windows':
      return read.windows.windows * read.windows.seqLen
    case 'questions':
      return read.questions.tokens
    case 'prompts':
      return writingTokens(read.prompts.promptTokens, read.prompts.maxTokens)
  }
}
