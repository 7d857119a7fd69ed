// Retraining inside a run: the pruned model as base, steps into the events, checkpoints, and merging at the end.
import { itemsAtOnce } from '../../compute/backend.ts'
import type { DenseLoss } from '../../compute/kernels.ts'
import type { PlannedRecovery } from '../../../plan/runPlan.ts'
import type { ModelConfig } from '../../../catalog/families/modelConfig.ts'
import { modelParameters, type Parameter } from '../../../catalog/families/parameters.ts'
import { openCheckpoint } from '../../checkpoint/checkpoint.ts'
import { createDecoder } from '../../model/decoder.ts'
import type { GradientOptions } from '../../model/gradients.ts'
import { type Model, openModel } from '../../model/model.ts'
import { readValues } from '../../model/weights.ts'
import type { StoredMasks } from '../../checkpoint/storedMask.ts'
import type { TrainingWindows } from '../../recover/batches.ts'
import { rememberLoss } from '../../recover/divergence.ts'
import { retrain } from '../../recover/retrain.ts'
import { createTrainables, type Trainables } from '../../recover/trainables.ts'
import { denseModelBytes, type Budget } from '../../../plan/memory.ts'
import { evaluateTraining, isDue } from './evaluateStage.ts'
import { mergeTrained } from './mergePhase.ts'
import { type RunContext, withRunModel } from './runContext.ts'
import { numberOf, trainingSettings } from './trainingSteps.ts'
import type { RunSession } from '../state/session.ts'
import { startMatricesOf } from '../open/givenAdapters.ts'
import type { StoredStage } from '../state/blockStore.ts'
import { restoreTraining, SaveClock, saveTraining } from '../state/trainingState.ts'

interface RetrainPhase {
  readonly context: RunContext
  readonly recovery: PlannedRecovery
  /** The model as the run has saved it so far. */
  readonly base: Model
  readonly budget: Budget
  readonly windows: TrainingWindows
  /** The dense model, where the loss compares with it. */
  readonly dense: { readonly model: Model; readonly loss: DenseLoss } | null
}

/** Does what is left of a retraining, merges, and saves the merged model under `stage`. */
export async function runRetrainPhase(
  context: RunContext,
  masks: StoredMasks,
  recovery: PlannedRecovery,
  stage: StoredStage,
): Promise<void> {
  const { session, data } = context
  const { trainable: set, index, settings } = recovery
  const windows = data.training[index]
  if (!set || !windows) return
  const { loss, dense: path, lora, weight_decay: decay } = settings
  const starts = await startMatricesOf(session.recipe.seed, recovery)
  const source = loss && path !== undefined ? await openCheckpoint(path) : session.source
  try {
    await withRunModel(context, async (checkpoint) => {
      const base = openModel(checkpoint)
      const budget = context.budgetOf([recovery])
      const trainables = await createTrainables(session.backend, set, {
        rank: lora.rank,
        alpha: lora.alpha,
        maskOf: async (linear) => masks.get(linear)?.read(),
        valueOf: (name) => readValues(base, name),
        startOf: starts.of,
        undecayed: decay > 0 ? biasesAndNorms(base.config) : undefined,
        effectiveWeightBytes: budget.effectiveWeightBytes,
      })
      try {
        if (session.progress.trainedSteps > 0)
          await restoreTraining(session.folder.state, session.backend, trainables.parameters)
        const dense = loss ? { model: openModel(source), loss } : null
        await train({ context, recovery, base, budget, windows, dense }, trainables)
        await mergeTrained(session, recovery, base, set, trainables, masks, stage)
      } finally {
        trainables.close()
      }
    })
  } finally {
    if (source !== session.source) await source.close()
    await starts.close()
  }
}

/** Parameters without weight decay, as in the Trainer of transformers; reconstruction decays everything, as torch's AdamW does. */
function biasesAndNorms(config: ModelConfig): ReadonlySet<string> {
  const kinds: readonly Parameter['kind'][] = ['bias', 'norm', 'normBias']
  return new Set(modelParameters(config).flatMap(({ name, kind }) => (kinds.includes(kind) ? [name] : [])))
}

async function train(phase: RetrainPhase, trainables: Trainables): Promise<void> {
  const { decoderBytes } = phase.budget
  if (!phase.dense) return trainBeside(phase, trainables, decoderBytes)
  const { model, loss } = phase.dense
  const tokensPerPass = tokensOfPass(phase)
  // The dense model gets the memory that it can use, at most half.
  const memoryBytes = Math.min(decoderBytes / 2, denseModelBytes(model.config, 4, tokensPerPass))
  const dense = await createDecoder(phase.context.session.backend, model, { memoryBytes, tokensPerPass })
  try {
    await trainBeside(phase, trainables, decoderBytes - memoryBytes, { model: dense, loss })
  } finally {
    await dense.close()
  }
}

function tokensOfPass({ context, windows, recovery }: RetrainPhase): number {
  return itemsAtOnce(context.session.backend, recovery.settings.batch_size, windows.seqLen) * windows.seqLen
}

async function trainBeside(
  phase: RetrainPhase,
  trainables: Trainables,
  memoryBytes: number,
  dense?: GradientOptions['dense'],
): Promise<void> {
  const { context, base, windows, recovery } = phase
  const { session } = context
  const { settings: recover } = recovery
  const { backend, progress, recipe } = session
  const decoder = await createDecoder(backend, base, {
    memoryBytes,
    training: true,
    tokensPerPass: tokensOfPass(phase),
    overrides: trainables.overrides,
  })
  const clock = new SaveClock()
  try {
    await retrain({
      decoder,
      dense,
      trainables,
      windows,
      settings: trainingSettings(recovery, recipe.seed),
      firstStep: progress.trainedSteps,
      losses: progress.losses,
      signal: session.signal,
      pausePoint: session.pausePoint,
      onStep: async (done, { loss, lr }, tokensPerSecond) => {
        const number = numberOf(session, recovery)
        session.log.emit({ type: 'step', ...number, step: done, loss, lr, tokens_per_second: tokensPerSecond })
        if (recipe.evaluate.some((e) => isDue(e, done)))
          await evaluateTraining(context, decoder, trainables.adapterOf, { step: done, ...number })
        // The evaluation was a phase of its own, so the recovery reports its progress again.
        session.advance(done, recover.steps, 'steps')
        progress.trainedSteps = done
        rememberLoss(progress.losses, loss)
        if (done < recover.steps && clock.due()) await clock.time(() => save(session, trainables))
      },
    })
    await save(session, trainables)
  } finally {
    await decoder.close()
  }
}

async function save(session: RunSession, { parameters }: Trainables): Promise<void> {
  await session.checkSources()
  session.requireHeld()
  session.count()
  await saveTraining(session.folder.state, session.backend, parameters, session.progress)
}
